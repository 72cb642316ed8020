-- Says that the match ARGV[1] has ARGV[2] free seats, if it is listed. KEYS and scores as in claim_or_list.lua.
local number = redis.call('HGET', KEYS[2], ARGV[1])
if not number then
    return
end
if tonumber(ARGV[2]) > 0 then
    redis.call('ZADD', KEYS[1], string.format('%.0f', ARGV[2] * 68719476736 + number), ARGV[1])
else
    redis.call('ZREM', KEYS[1], ARGV[1])
end
