-- Purpose: end a job of an account that this process does not know. Another process may know it, so the job stays until
--   it is `most_age` ms old.
-- KEYS: outbox
-- ARGS: offset group entry most_age
-- OUTCOMES: done early stale
-- USES: clock

local queued = tonumber(string.match(A.entry, '^%d+'))
if now - queued < tonumber(A.most_age) then return {'early', now} end
if redis.call('XACK', K.outbox, A.group, A.entry) == 0 then return {'stale', now} end
redis.call('XDEL', K.outbox, A.entry)
return {'done', now}
