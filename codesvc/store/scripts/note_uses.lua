-- Purpose: record when API keys were last used; for each key at most once in `spacing` ms over all processes.
-- KEYS: uses
-- ARGS: offset ages spacing
-- OUTCOMES: done
-- USES: clock

for name, age in pairs(cjson.decode(A.ages)) do
  local at = now - age
  local known = redis.call('HGET', K.uses, name)
  if not known or at - known >= tonumber(A.spacing) then redis.call('HSET', K.uses, name, string.format('%.0f', at)) end
end
redis.call('PEXPIRE', K.uses, string.format('%.0f', 400 * 86400000))
return {'done', now}
