-- Purpose: queue an event that no other script emits: a test, or news about an account for its sites. A known id is not
--   queued again. `requests` counts what a site asks for itself, at most `rates`; '' means no limit.
-- KEYS: webhook requests
-- ARGS: offset root topic site id kind facts rates
-- OUTCOMES: done same limited
-- USES: clock names windows webhook
-- REPLY done same: hook
-- REPLY limited: wait_ms

if redis.call('EXISTS', K.webhook) == 1 then return {'same', now, redis.call('HGETALL', K.webhook)} end
local requests = window(K.requests, A.rates)
local wait = wait_for(requests)
if wait > 0 then return {'limited', now, wait} end
count_event(requests)
queue_webhook(A.site, A.id, A.kind, A.facts)
return {'done', now, redis.call('HGETALL', K.webhook)}
