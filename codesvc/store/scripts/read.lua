-- Purpose: read a verification, and the time by the store's clock.
-- KEYS: record
-- ARGS: offset root site
-- OUTCOMES: done absent
-- USES: clock names former_site record eviction
-- REPLY done: record _ _ new_steps

local r = read_record(K.record)
if not r or is_gone(r) or (A.site ~= '' and r.site ~= A.site) then return {'absent', now} end
cancel_void_approval(r)
return answer('done', r)
