-- Purpose: read the counts of a subject by minute or hour (`kind`), for the buckets from `first` to `last` before the
--   present one.
-- KEYS:
-- ARGS: offset root subject kind first last
-- OUTCOMES: done
-- USES: clock names
-- REPLY done: buckets
--   buckets: number since 1970, bucket as flat list, and so on; empty ones are left out

local size = A.kind == 'minute' and 60000 or 3600000
local present, found = math.floor(now / size), {}
for number = present - A.first, present - A.last do
  local at = A.kind == 'minute' and key('minute', A.subject, number) or key('hour', A.subject, number)
  local flat = redis.call('HGETALL', at)
  if #flat > 0 then
    found[#found + 1] = number
    found[#found + 1] = flat
  end
end
return {'done', now, found}
