-- Purpose: check that a proof's verification is approved and the proof neither expired nor spent, and that
--   its user has lost no binding since. Spend it if `consume` is 1.
-- KEYS: record
-- ARGS: offset root site consume
-- OUTCOMES: done spent stale-proof absent
-- USES: clock names former_site record eviction

local r = read_record(K.record)
if not r or r.site ~= A.site or r.status ~= 'approved' then return {'absent', now} end
if r.spent then return {'spent', now} end
if is_over(r.approved, r.approved + PROOF_LIFE) or is_approval_void(r) then return {'stale-proof', now} end
if A.consume == '1' then write(r, {spent = now}) end
return {'done', now}
