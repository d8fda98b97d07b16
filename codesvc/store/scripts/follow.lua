-- Purpose: record that an openid follows the account, perhaps again, so that it can be reached.
-- KEYS: gone leavers
-- ARGS: offset account openid
-- OUTCOMES: done
-- USES: clock names reachability

redis.call('DEL', K.gone)
redis.call('ZREM', K.leavers, A.openid)
clear_unknown(A.openid)
return {'done', now}
