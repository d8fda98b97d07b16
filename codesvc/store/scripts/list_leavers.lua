-- Purpose: list the openids that stopped following longer ago than the retention.
-- KEYS: leavers
-- ARGS: offset keep most
-- OUTCOMES: done
-- USES: clock
--   done: {outcome, now, the openids, the moment before which they left}

local before = string.format('%.0f', now - A.keep)
return {'done', now, redis.call('ZRANGEBYSCORE', K.leavers, '-inf', '(' .. before, 'LIMIT', 0, A.most), before}
