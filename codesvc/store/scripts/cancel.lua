-- Purpose: cancel a pending verification for the site. Canceling it again has no further effect.
-- KEYS: record
-- ARGS: offset root account channel site
-- OUTCOMES: done ended absent
-- USES: clock names record
-- REPLY done ended: record _ _ firsts

local r = read_record(K.record)
if not r or is_gone(r) or r.site ~= A.site then return {'absent', now} end
if r.status == 'canceled' then return answer('done', r) end
if status_of(r) ~= 'pending' then return answer('ended', r) end
end_as(r, 'canceled')
wake(r)
return answer('done', r)
