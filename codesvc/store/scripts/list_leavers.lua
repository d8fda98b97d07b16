-- Purpose: list the openids that stopped following longer ago than the retention.
-- KEYS: leavers
-- ARGS: offset keep most
-- OUTCOMES: done
-- USES: clock
-- REPLY done: openids before
--   before: the moment before which they left, ms

local before = string.format('%.0f', now - A.keep)
return {'done', now, redis.call('ZRANGEBYSCORE', K.leavers, '-inf', '(' .. before, 'LIMIT', 0, A.most), before}
