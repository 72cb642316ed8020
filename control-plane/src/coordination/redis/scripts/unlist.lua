-- Takes the match ARGV[1] out. KEYS as in claim_or_list.lua; numbers begin again once nothing is listed.
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
if redis.call('EXISTS', KEYS[2]) == 0 then
    redis.call('DEL', KEYS[3])
end
