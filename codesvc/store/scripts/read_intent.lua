-- Purpose: read a bind intent or a login.
-- KEYS: intent
-- ARGS: offset root account topic site
-- OUTCOMES: done absent
-- USES: clock names former_site record disowning eviction intent
-- REPLY done: intent

local r = read_record(K.intent)
if not r or intent_gone(r) or r.site ~= A.site then return {'absent', now} end
cancel_if_from_before(r)
return answer('done', r)
