-- Purpose: record that callbacks of an account were refused. The latest reason is kept for a day, with how many there
-- were since the first. They are counted anew after a day, and if a good callback (`good`) came in between and ten
-- minutes have passed: then it is another fault.
-- KEYS: refused
-- ARGS: offset name good count why reason
-- OUTCOMES: done
-- USES: clock callback_entry

local day, quiet = 86400000, 600000
local before, good = entry(A.name), entry(A.good)
local gap = before.at and now - tonumber(before.at)
local another = gap and gap > quiet and good.at and tonumber(good.at) > tonumber(before.at)
if not gap or gap > day or another then before = {count = 0, since = string.format('%.0f', now)} end
local reasons = before.reasons or {}
reasons[A.reason] = (reasons[A.reason] or 0) + tonumber(A.count)
redis.call('HSET', K.refused, A.name, cjson.encode({
  count = before.count + tonumber(A.count), since = before.since, at = string.format('%.0f', now), why = A.why,
  reason = A.reason, reasons = reasons,
}))
redis.call('PEXPIRE', K.refused, string.format('%.0f', 2 * day))
return {'done', now}
