-- Purpose: record that callbacks of an account were refused. The latest reason is kept for a day, with how many there
-- were since the first of that day.
-- KEYS: refused
-- ARGS: offset name count kind why
-- OUTCOMES: done
-- USES: clock

local day = 86400000
local known = redis.call('HGET', K.refused, A.name)
local before = known and cjson.decode(known) or {}
if not before.at or now - tonumber(before.at) > day then before = {count = 0, since = string.format('%.0f', now)} end
redis.call('HSET', K.refused, A.name, cjson.encode({
  count = before.count + tonumber(A.count), since = before.since, at = string.format('%.0f', now), kind = A.kind, why = A.why,
}))
redis.call('PEXPIRE', K.refused, string.format('%.0f', 2 * day))
return {'done', now}
