-- Purpose: record that an openid follows the account, perhaps again, so that it can be reached. An event that anybody may
--   have made (`forgeable` 1) does not show that WeChat knows the openid.
-- KEYS: gone leavers
-- ARGS: offset account openid forgeable
-- OUTCOMES: done
-- USES: clock names reachability

redis.call('DEL', K.gone)
redis.call('ZREM', K.leavers, A.openid)
if A.forgeable ~= '1' then note_presence(A.openid) end
return {'done', now}
