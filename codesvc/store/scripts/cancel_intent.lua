-- Purpose: cancel a bind intent or login for the site: one that is live, or waits for the WeChat account that is bound. Canceling it again has no further effect.
-- KEYS: intent
-- ARGS: offset root topic site
-- OUTCOMES: done ended absent
-- USES: clock former_site record intent
-- REPLY done ended: intent

local r = read_record(K.intent)
if not r or intent_gone(r) or r.site ~= A.site then return {'absent', now} end
if r.status == 'canceled' then return answer('done', r) end
if not is_stoppable(r) then return answer('ended', r) end
move_intent(r, 'canceled', {})
return answer('done', r)
