-- Lists the match ARGV[1] with ARGV[2] free seats, as the newest. KEYS and scores as in claim_or_list.lua.
local number = redis.call('INCR', KEYS[3])
redis.call('HSET', KEYS[2], ARGV[1], number)
redis.call('ZREM', KEYS[1], ARGV[1])
if tonumber(ARGV[2]) > 0 then
    redis.call('ZADD', KEYS[1], string.format('%.0f', ARGV[2] * 68719476736 + number), ARGV[1])
end
