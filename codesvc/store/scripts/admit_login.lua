-- Purpose: may somebody at this address try a password of the operator page? A try is counted; a right one is uncounted.
-- KEYS: window
-- ARGS: offset rates right
-- OUTCOMES: done limited
-- USES: clock windows
--   limited: {outcome, now, wait in ms}

if A.right == '1' then
  redis.call('DEL', K.window)
  return {'done', now}
end
local wait = wait_for(K.window, A.rates)
if wait > 0 then return {'limited', now, wait} end
count_event(K.window, A.rates)
return {'done', now}
