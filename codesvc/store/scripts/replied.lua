-- Purpose: record that the code stands in the answer to a scan.
-- KEYS: record
-- ARGS: offset root account channel number
-- OUTCOMES: done stale absent
-- USES: clock names record delivery

local r = read_record(K.record)
if not r or is_gone(r) then return {'absent', now} end
if r.number ~= tonumber(A.number) or r.delivery ~= 'scanned' then return {'stale', now} end
move_delivery(r, 'sent', {})
wake(r)
return answer('done', r)
