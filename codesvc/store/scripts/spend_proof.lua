-- Purpose: check that a proof's verification is approved and the proof neither expired nor spent, and spend it if
--   `consume` is 1.
-- KEYS: record
-- ARGS: offset site consume
-- OUTCOMES: done spent stale-proof absent
-- USES: clock record

local r = read_record(K.record)
if not r or r.site ~= A.site or r.status ~= 'approved' then return {'absent', now} end
if r.spent then return {'spent', now} end
if now >= tonumber(r.approved) + PROOF_LIFE then return {'stale-proof', now} end
if A.consume == '1' then write(r, {spent = now}) end
return {'done', now}
