-- Purpose: record the result of an attempt to send an event. `verdict`: delivered or failed ends the event, again
--   repeats it in `pause` ms, gone disables the endpoint while the event waits.
-- KEYS: sites
-- ARGS: offset root site id attempt verdict pause
-- OUTCOMES: done stale
-- USES: clock names webhook
--   stale: the event is not waiting any more

local at, state = key('webhook', A.site, A.id), key('webhook_state', A.site)
local r = redis.call('HMGET', at, 'type', 'status', 'attempts', 'log')
if r[2] ~= 'pending' then return {'stale', now} end
local member, log = r[1] .. ' ' .. A.id, cjson.decode(r[4] or '[]')
local attempt = cjson.decode(A.attempt)
attempt.at = string.format('%.0f', now)
log[#log + 1] = attempt
local shown = {unpack(log, math.max(1, #log - WEBHOOK_ATTEMPTS_SHOWN + 1))}
redis.call('HSET', at, 'attempts', r[3] + 1, 'log', cjson.encode(shown))
if A.verdict == 'delivered' then
  redis.call('HSET', state, 'delivered', string.format('%.0f', now), 'failures', 0)
  end_webhook(A.site, member, 'delivered', '')
  return {'done', now}
end
redis.call('HSET', state, 'refused', string.format('%.0f', now), 'result', attempt.result)
redis.call('HINCRBY', state, 'failures', 1)
if A.verdict == 'failed' then
  end_webhook(A.site, member, 'failed', 'attempts')
elseif A.verdict == 'gone' then
  redis.call('HSETNX', state, 'disabled', string.format('%.0f', now))
  redis.call('ZREM', K.sites, A.site)
else
  redis.call('HSET', at, 'due', string.format('%.0f', now + A.pause))
  redis.call('ZADD', key('webhook_due', A.site), now + A.pause, member)
end
return {'done', now}
