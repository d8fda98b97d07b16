-- Purpose: record that an openid follows the account, perhaps again, so that it can be reached.
-- KEYS: gone leavers
-- ARGS: offset openid
-- OUTCOMES: done
-- USES: clock

redis.call('DEL', K.gone)
redis.call('ZREM', K.leavers, A.openid)
return {'done', now}
