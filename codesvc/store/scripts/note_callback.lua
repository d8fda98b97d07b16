-- Purpose: record good callbacks of an account, or QR codes that were shown to people. Those are counted from the first
--   after the latest good callback (`good`); for good callbacks themselves `good` is empty.
-- KEYS: refused
-- ARGS: offset name good count
-- OUTCOMES: done
-- USES: clock callback_entry

local before, good = entry(A.name), A.good ~= '' and entry(A.good) or {}
if not before.at or (good.at and tonumber(good.at) >= tonumber(before.since)) then
  before = {count = 0, since = string.format('%.0f', now)}
end
redis.call('HSET', K.refused, A.name, cjson.encode({
  count = before.count + tonumber(A.count), since = before.since, at = string.format('%.0f', now),
}))
redis.call('PEXPIRE', K.refused, '172800000')
return {'done', now}
