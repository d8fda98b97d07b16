-- Purpose: queue an event that no other script emits: a test, or news about an account for its sites. A known id is not
--   queued again.
-- KEYS: webhook
-- ARGS: offset root topic site id kind facts
-- OUTCOMES: done same
-- USES: clock names webhook
-- REPLY done same: hook

if redis.call('EXISTS', K.webhook) == 1 then return {'same', now, redis.call('HGETALL', K.webhook)} end
queue_webhook(A.site, A.id, A.kind, A.facts)
return {'done', now, redis.call('HGETALL', K.webhook)}
