-- Keeps the message ARGV[2] and publishes it on the channel ARGV[1]: its number. KEYS: the last number, the last messages.
-- ARGV: channel, message, messages kept, ms for which they are, ms for which the number is known.
-- A message goes as 'before number bytes'; numbers start at the time, so that they grow also after everything was lost.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local before = redis.call('GET', KEYS[1]) or '0'
local number = string.format('%.0f', math.max(now, before + 1))
local line = before .. ' ' .. number .. ' ' .. ARGV[2]
redis.call('SET', KEYS[1], number, 'PX', ARGV[5])
redis.call('RPUSH', KEYS[2], line)
redis.call('LTRIM', KEYS[2], -ARGV[3], -1)
redis.call('PEXPIRE', KEYS[2], ARGV[4])
redis.call('PUBLISH', ARGV[1], line)
return number
