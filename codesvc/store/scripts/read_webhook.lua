-- Purpose: read one event and the results of its attempts.
-- KEYS: webhook
-- ARGS: offset
-- OUTCOMES: done absent
-- USES: clock
-- REPLY done: hook

local flat = redis.call('HGETALL', K.webhook)
if #flat == 0 then return {'absent', now} end
return {'done', now, flat}
