-- Purpose: record an activity of a person that allows customer-service messages for a while (WECHAT.md 8). A shorter
--   window never shortens a longer one.
-- KEYS: spoke
-- ARGS: offset account openid window
-- OUTCOMES: done
-- USES: clock names reachability

if redis.call('PTTL', K.spoke) < tonumber(A.window) then redis.call('SET', K.spoke, '1', 'PX', A.window) end
clear_unknown(A.openid)
return {'done', now}
