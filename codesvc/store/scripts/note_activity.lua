-- Purpose: record an activity of a person that allows customer-service messages for a while (WECHAT.md 8), and that
--   shows that the person is there. A shorter window never shortens a longer one. Past an account's marks of a day no
--   new person's is recorded (newcomers.lua).
-- KEYS: spoke
-- ARGS: offset account openid window forgeable
-- OUTCOMES: done
-- USES: clock names reachability spoken_window newcomers

if window_ends(K.spoke) < now + A.window and may_open(K.spoke, A.window) then
  open_window(K.spoke, tonumber(A.window))
end
if A.forgeable ~= '1' then note_presence(A.openid) end
return {'done', now}
