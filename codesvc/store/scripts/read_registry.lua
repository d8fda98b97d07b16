-- Purpose: read the changes of the registry since a version, or all of it if the log does not have that version.
-- KEYS: registry registry_log
-- ARGS: offset since
-- OUTCOMES: done same
-- USES: clock
-- REPLY done: version complete changes
--   complete: 1 if the changes are the whole registry; changes: name, text or '' for a removed entry, and so on

local version = redis.call('HGET', K.registry, 'version') or ''
if version == A.since then return {'same', now} end

-- The log holds `version name`, oldest first. What follows the last line of `since` has changed since then. Without such
-- a line it was too long ago, or the store lost that change: it was emptied, or is older than what the caller has read.
local log, names, all = redis.call('LRANGE', K.registry_log, 0, -1), {}, 1
for i = #log, 1, -1 do
  local at, name = string.match(log[i], '^(%S+) (.+)$')
  if at == A.since then
    all = 0
    break
  end
  names[name] = true
end
local found = {}
if all == 0 then
  for name in pairs(names) do
    found[#found + 1] = name
    found[#found + 1] = redis.call('HGET', K.registry, name) or ''
  end
else
  local flat = redis.call('HGETALL', K.registry)
  for i = 1, #flat, 2 do
    if flat[i] ~= 'version' then
      found[#found + 1] = flat[i]
      found[#found + 1] = flat[i + 1]
    end
  end
end
return {'done', now, version, all, found}
