-- Takes one from the bucket KEYS[1] of size ARGV[1], refilled by one every ARGV[2] ms. A bucket is the time at which it will
-- be full again, by the clock of this server. Answers whether it was allowed, and ms until the bucket is full.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local every, room = tonumber(ARGV[2]), ARGV[1] * ARGV[2]
local missing = math.max(0, (tonumber(redis.call('GET', KEYS[1])) or 0) - now)
local wanted = missing + every
if wanted > room then
    return {0, missing}
end
redis.call('SET', KEYS[1], string.format('%.0f', now + wanted), 'PX', wanted)
return {1, wanted}
