-- Purpose: record in the timeline why a delivery has to wait. Each reason is recorded once, even if attempts repeat.
-- KEYS: record
-- ARGS: offset number reason
-- OUTCOMES: done stale
-- USES: clock record

local r = read_record(K.record)
if not r or r.number ~= tonumber(A.number) then return {'stale', now} end
if not string.find((r.trail or '') .. ' ', ':trouble/' .. A.reason .. ' ', 1, true) then
  write(r, {trail = with_step(r, 'trouble', A.reason)})
end
return {'done', now}
