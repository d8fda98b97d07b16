-- Purpose: read which callbacks were refused.
-- KEYS: refused
-- ARGS: offset
-- OUTCOMES: done
-- USES: clock
-- REPLY done: entries
--   entries: names and JSON objects in turn

return {'done', now, redis.call('HGETALL', K.refused)}
