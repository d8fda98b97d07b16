-- Purpose: record an activity of a person that allows customer-service messages for a while (WECHAT.md 8). A shorter
--   window never shortens a longer one. Events without a signature are noted up to `unsigned_rates` only.
-- KEYS: spoke unsigned
-- ARGS: offset account openid window unsigned_rates
-- OUTCOMES: done
-- USES: clock names windows reachability unsigned spoken_window

if window_ends(K.spoke) < now + A.window and may_write() then open_window(K.spoke, tonumber(A.window)) end
if A.unsigned_rates == '' then clear_unknown(A.openid) end
return {'done', now}
