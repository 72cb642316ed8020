-- Sets the field ARGV[1] of KEYS[1] to ARGV[3] if it holds ARGV[2]: whether it did.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then
    return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
