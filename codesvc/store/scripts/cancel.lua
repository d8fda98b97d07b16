-- Purpose: cancel a pending verification for the site. Canceling it again has no further effect.
-- KEYS: record
-- ARGS: offset root account topic site
-- OUTCOMES: done ended absent
-- USES: clock names former_site windows recent_activity record eviction refund
-- REPLY done ended: record _ _ new_steps

local r = read_record(K.record)
if not r or is_gone(r) or r.site ~= A.site then return {'absent', now} end
cancel_void_approval(r)
if r.status == 'canceled' then return answer('done', r) end
if status_of(r) ~= 'pending' then return answer('ended', r) end
r.held = true
end_and_refund(r, 'canceled')
save(r)
wake(r)
return answer('done', r)
