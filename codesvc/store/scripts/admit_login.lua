-- Purpose: may somebody at this address try a password of the operator page? A try is counted; a right one is uncounted.
-- KEYS: window
-- ARGS: offset rates right
-- OUTCOMES: done limited
-- USES: clock windows
-- REPLY limited: wait_ms

if A.right == '1' then
  redis.call('DEL', K.window, long_name(K.window))
  return {'done', now}
end
local tries = window(K.window, A.rates)
local wait = wait_for(tries)
if wait > 0 then return {'limited', now, wait} end
count_event(tries)
return {'done', now}
