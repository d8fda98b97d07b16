-- Purpose: change entries of the registry, if its version is still `expected`, and inform every process. `changes` is a
--   JSON object: name to text, '' to remove an entry. Either all of them are made or none. `writes` bounds how many
--   entries the actor makes and removes, and how many it changes, so that nobody pushes the lines about their own acts
--   out of the audit log; '' means no limit. `version` is the new version, a random id: a counter would give one number
--   to two changes where a store lost the first of them.
-- KEYS: registry registry_log
-- ARGS: offset root topic actor expected version changes writes audit_kept audit_lines
-- OUTCOMES: done stale limited
-- USES: clock names windows audit
-- REPLY limited: wait_ms

if (redis.call('HGET', K.registry, 'version') or '') ~= A.expected then return {'stale', now} end

local changes, known = cjson.decode(A.changes), {}
local made = window(key('window', 'admin_writes', 'made', A.actor), A.writes)
local changed = window(key('window', 'admin_writes', 'changed', A.actor), A.writes)
local wait = 0
for name, text in pairs(changes) do
  known[name] = text ~= '' and redis.call('HEXISTS', K.registry, name) == 1
  wait = math.max(wait, wait_for(known[name] and changed or made))
end
if wait > 0 then return {'limited', now, wait} end
for name, text in pairs(changes) do
  if text == '' then redis.call('HDEL', K.registry, name) else redis.call('HSET', K.registry, name, text) end
  count_event(known[name] and changed or made)
  if A.actor ~= '' then
    audit(A.actor, text == '' and 'settings.removed' or 'settings.set', {detail = name},
      known[name] and CHANGES_LOG or nil)
  end
  redis.call('RPUSH', K.registry_log, A.version .. ' ' .. name)
end
redis.call('LTRIM', K.registry_log, -1000, -1)
redis.call('HSET', K.registry, 'version', A.version)
redis.call('PUBLISH', A.topic, 'registry')
return {'done', now}
