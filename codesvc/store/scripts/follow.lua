-- Purpose: note that an openid follows, perhaps again: it can be reached.
-- KEYS: gone leavers
-- ARGS: offset openid
-- OUTCOMES: done
-- USES: clock

redis.call('DEL', K.gone)
redis.call('ZREM', K.leavers, A.openid)
return {'done', now}
