-- Purpose: record in the timeline why a delivery has to wait. Each reason is recorded once, even if attempts repeat.
--   WeChat has not taken the message, so its count may be given back again if it is voided.
-- KEYS: record
-- ARGS: offset root number reason
-- OUTCOMES: done stale
-- USES: clock former_site record

local r = read_record(K.record)
if not r or r.number ~= tonumber(A.number) then return {'stale', now} end
local begun = r.begun
r.begun = nil
local noted = string.find((r.trail or '') .. ' ', ':trouble/' .. A.reason .. ' ', 1, true)
if begun or not noted then
  write(r, {trail = noted and r.trail or with_step(r, 'trouble', A.reason)})
end
return {'done', now}
