-- Purpose: give back a lock; one that has run out and is another's by now stays.
-- KEYS: lock
-- ARGS: offset owner
-- OUTCOMES: done stale
-- USES: clock

if redis.call('GET', K.lock) ~= A.owner then return {'stale', now} end
redis.call('DEL', K.lock)
return {'done', now}
