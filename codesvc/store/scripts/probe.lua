-- Purpose: whether the store can be written to; nobody reads what is written.
-- KEYS: probe
-- ARGS: offset
-- OUTCOMES: done
-- USES: clock

redis.call('SET', K.probe, '1', 'PX', 1000)
return {'done', now}
