-- Purpose: enable an endpoint that was disabled because it answered "gone"; waiting events are sent.
-- KEYS: state due
-- ARGS: offset root topic actor site audit_kept audit_lines
-- OUTCOMES: done
-- USES: clock names webhook audit
-- REPLY done: state waiting
--   state: flat list; waiting: how many events wait

redis.call('HDEL', K.state, 'disabled')
redis.call('HSET', K.state, 'failures', 0)
local first = redis.call('ZRANGE', K.due, 0, 0, 'WITHSCORES')[2]
if first then offer(A.site, first) end
audit(A.actor, 'webhook.enabled', {site = A.site})
return {'done', now, redis.call('HGETALL', K.state), redis.call('ZCARD', K.due)}
