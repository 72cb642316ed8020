-- Removes the field ARGV[1] of KEYS[1]: what it held.
local held = redis.call('HGET', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[1], ARGV[1])
return held
