-- Sets the field ARGV[1] of KEYS[1] to ARGV[2] unless that makes more than ARGV[3] fields: whether it did.
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then
    return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
