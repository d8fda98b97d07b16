-- Purpose: test whether the store accepts writes. The value written is never read.
-- KEYS: probe
-- ARGS: offset
-- OUTCOMES: done
-- USES: clock

redis.call('SET', K.probe, '1', 'PX', 1000)
return {'done', now}
