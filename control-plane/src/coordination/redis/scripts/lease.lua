-- Takes or renews the lease KEYS[1] for ARGV[1], ARGV[2] ms long; KEYS[2] is its last number. Answers the number, or false
-- where another has it. Numbers start at the time, so that they grow also after everything here was lost.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
    return false
end
local number = redis.call('GET', KEYS[2])
if not (holder and number) then
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    number = string.format('%.0f', math.max(now, (tonumber(number) or 0) + 1))
    redis.call('SET', KEYS[2], number)
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return number
