-- Purpose: whether a callback may be acted on though nobody signed its event, or handed on to the other back end of its
--   account, which costs a call. WeChat repeats a push three times; who has read one can repeat it, or sign other bodies
--   with it, as long as it is fresh.
-- KEYS: push
-- ARGS: offset rates
-- OUTCOMES: done limited
-- USES: clock windows

local pushes = window(K.push, A.rates)
if wait_for(pushes) > 0 then return {'limited', now} end
count_event(pushes)
return {'done', now}
