-- Adds ARGV[1] to the set KEYS[1] unless that makes more than ARGV[2] members: whether it is one now.
if redis.call('SCARD', KEYS[1]) < tonumber(ARGV[2]) then
    redis.call('SADD', KEYS[1], ARGV[1])
end
return redis.call('SISMEMBER', KEYS[1], ARGV[1])
