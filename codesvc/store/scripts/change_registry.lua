-- Purpose: change entries of the registry, if its version is still `expected`, and inform every process. `changes` is a
--   JSON object: name to text, '' to remove an entry. Either all of them are made or none.
-- KEYS: registry registry_log
-- ARGS: offset root topic actor expected epoch changes audit_kept audit_lines
-- OUTCOMES: done stale
-- USES: clock names audit
-- REPLY done: version

local version = redis.call('HGET', K.registry, 'version') or ''
if version ~= A.expected then return {'stale', now} end
local epoch, number = string.match(version, '^(%w+):(%d+)$')
epoch, number = epoch or A.epoch, string.format('%.0f', (tonumber(number) or 0) + 1)

for name, text in pairs(cjson.decode(A.changes)) do
  if text == '' then redis.call('HDEL', K.registry, name) else redis.call('HSET', K.registry, name, text) end
  if A.actor ~= '' then
    audit(A.actor, text == '' and 'settings.removed' or 'settings.set', {detail = name})
  end
  redis.call('RPUSH', K.registry_log, number .. ' ' .. name)
end
redis.call('LTRIM', K.registry_log, -1000, -1)
version = epoch .. ':' .. number
redis.call('HSET', K.registry, 'version', version)
redis.call('PUBLISH', A.topic, 'registry')
return {'done', now, version}
