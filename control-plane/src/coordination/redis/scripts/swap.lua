-- Puts ARGV[3] at KEYS[1] for ARGV[4] ms if ARGV[1] is '0' and nothing is there, or '1' and ARGV[2] is: whether it was.
local there = redis.call('GET', KEYS[1])
if (ARGV[1] == '0' and there) or (ARGV[1] == '1' and there ~= ARGV[2]) then
    return 0
end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
return 1
