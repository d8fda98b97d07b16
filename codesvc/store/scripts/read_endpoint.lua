-- Purpose: read the state of a site's endpoint.
-- KEYS: state due
-- ARGS: offset
-- OUTCOMES: done
-- USES: clock
-- REPLY done: state waiting
--   state: flat list; waiting: how many events wait

return {'done', now, redis.call('HGETALL', K.state), redis.call('ZCARD', K.due)}
