-- Takes a seat of the fullest match of a pool, or lists a fresh one.
-- KEYS: matches with a free seat (sorted), numbers of all listed ones (hash), the next number.
-- ARGV: the fresh match, its free seats, then matches that are passed over.
-- A score is free seats * 2^36 + number in order of listing: exact in a double up to 2^17 seats.
local passed = {}
for i = 3, #ARGV do
    passed[ARGV[i]] = true
end
-- As many as are passed over at most stand before the first that is not.
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, #ARGV - 2)) do
    if not passed[id] then
        if redis.call('ZSCORE', KEYS[1], id) - 68719476736 < 68719476736 then
            redis.call('ZREM', KEYS[1], id)
        else
            redis.call('ZINCRBY', KEYS[1], -68719476736, id)
        end
        return id
    end
end
local number = redis.call('INCR', KEYS[3])
redis.call('HSET', KEYS[2], ARGV[1], number)
if tonumber(ARGV[2]) > 0 then
    redis.call('ZADD', KEYS[1], string.format('%.0f', ARGV[2] * 68719476736 + number), ARGV[1])
end
return false
