-- Purpose: whether a callback may be handed on to the other back end of its account, which costs a call. WeChat repeats
--   a push three times; who has read one can repeat it, or sign other bodies with it, as long as it is fresh.
-- KEYS: push
-- ARGS: offset rates
-- OUTCOMES: done limited
-- USES: clock windows

local forwards = window(K.push, A.rates)
if wait_for(forwards) > 0 then return {'limited', now} end
count_event(forwards)
return {'done', now}
