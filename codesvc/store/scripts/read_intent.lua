-- Purpose: read a bind intent or a login.
-- KEYS: intent
-- ARGS: offset topic site
-- OUTCOMES: done absent
-- USES: clock record intent
-- REPLY done: intent

local r = read_record(K.intent)
if not r or intent_gone(r) or r.site ~= A.site then return {'absent', now} end
return answer('done', r)
