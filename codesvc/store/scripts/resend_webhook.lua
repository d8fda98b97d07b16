-- Purpose: send an event again, or sooner than planned, under the same id, with all its earlier attempts.
-- KEYS: webhook
-- ARGS: offset root topic actor site audit_kept audit_lines
-- OUTCOMES: done absent
-- USES: clock names webhook audit
-- REPLY done: hook

local r = redis.call('HMGET', K.webhook, 'id', 'type')
if not r[1] then return {'absent', now} end
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
