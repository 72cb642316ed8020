-- Changes fields of KEYS[2] if the last number of the lease KEYS[1] is ARGV[1]. ARGV goes on with four for each field: its
-- name, what it must hold, whether it stays ('1') or goes ('0'), what it is to hold. Answers 0: all are changed; 1: none, a
-- field holds something else; 2: none, the lease has been taken since.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
    return 2
end
for at = 2, #ARGV, 4 do
    if redis.call('HGET', KEYS[2], ARGV[at]) ~= ARGV[at + 1] then
        return 1
    end
end
for at = 2, #ARGV, 4 do
    if ARGV[at + 2] == '1' then
        redis.call('HSET', KEYS[2], ARGV[at], ARGV[at + 3])
    else
        redis.call('HDEL', KEYS[2], ARGV[at])
    end
end
return 0
