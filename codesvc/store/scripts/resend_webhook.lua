-- Purpose: send an event again, or sooner than planned, under the same id, with all its earlier attempts.
--   `requests` counts what a site asks for itself, at most `rates`; '' means no limit.
-- KEYS: webhook requests
-- ARGS: offset root topic actor site rates audit_kept audit_lines
-- OUTCOMES: done absent limited
-- USES: clock names windows webhook audit
-- REPLY done: hook
-- REPLY limited: wait_ms

local r = redis.call('HMGET', K.webhook, 'id', 'type')
if not r[1] then return {'absent', now} end
local requests = window(K.requests, A.rates)
local wait = wait_for(requests)
if wait > 0 then return {'limited', now, wait} end
count_event(requests)
local member = r[2] .. ' ' .. r[1]
redis.call('HSET', K.webhook, 'status', 'pending', 'attempts', 0, 'queued', string.format('%.0f', now),
  'due', string.format('%.0f', now))
redis.call('HDEL', K.webhook, 'reason', 'ended')
-- An event about a person whose data has been erased is kept no longer than it would have been.
if redis.call('HEXISTS', K.webhook, 'erase') == 0 then redis.call('PEXPIRE', K.webhook, WEBHOOK_KEPT + TTL_MARGIN) end
redis.call('ZREM', key('webhook_done', A.site), member)
make_due(A.site, member)
audit(A.actor, 'webhook.resent', {site = A.site, detail = string.sub(r[1], 1, 12)})
return {'done', now, redis.call('HGETALL', K.webhook)}
