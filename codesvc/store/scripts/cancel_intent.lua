-- Purpose: end a live bind intent or login at the site's wish. Canceling twice is the same as once.
-- KEYS: intent
-- ARGS: offset channel site
-- OUTCOMES: done ended absent
-- USES: clock record intent
-- REPLY done ended: intent

local r = read_record(K.intent)
if not r or intent_gone(r) or r.site ~= A.site then return {'absent', now} end
if r.status == 'canceled' then return answer('done', r) end
if not LIVE_INTENTS[intent_status(r)] then return answer('ended', r) end
move_intent(r, 'canceled', {})
return answer('done', r)
