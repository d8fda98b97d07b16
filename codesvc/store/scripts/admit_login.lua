-- Purpose: whether this address may try a password of the operator pages. A try is counted; a right one resets the
--   count.
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
