-- Purpose: read the changes of the registry since a version, or all of it if that version is no longer known. A version
--   is `epoch:number`. Another epoch means another registry (a store that was emptied or restored).
-- KEYS: registry registry_log
-- ARGS: offset since
-- OUTCOMES: done same
-- USES: clock
-- REPLY done: version complete changes
--   complete: 1 if the changes are the whole registry; changes: name, text or '' for a removed entry, and so on

local version = redis.call('HGET', K.registry, 'version') or ''
if version == A.since then return {'same', now} end

local epoch, number = string.match(version, '^(%w+):(%d+)$')
local known_epoch, known = string.match(A.since, '^(%w+):(%d+)$')
local found, all = {}, 1
if epoch and epoch == known_epoch and tonumber(known) < tonumber(number) then
  -- The log holds `number name`, oldest first. It is complete if it contains the change after our version.
  local log = redis.call('LRANGE', K.registry_log, 0, -1)
  local names, oldest = {}, nil
  for _, line in ipairs(log) do
    local at, name = string.match(line, '^(%d+) (.+)$')
    oldest = oldest or tonumber(at)
    if tonumber(at) > tonumber(known) then names[name] = true end
  end
  if oldest and oldest <= tonumber(known) + 1 then
    all = 0
    for name in pairs(names) do
      found[#found + 1] = name
      found[#found + 1] = redis.call('HGET', K.registry, name) or ''
    end
  end
end
if all == 1 then
  local flat = redis.call('HGETALL', K.registry)
  for i = 1, #flat, 2 do
    if flat[i] ~= 'version' then
      found[#found + 1] = flat[i]
      found[#found + 1] = flat[i + 1]
    end
  end
end
return {'done', now, version, all, found}
