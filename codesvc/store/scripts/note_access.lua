-- Purpose: note whom the configuration file lets in, and write a line of the audit log for each difference from the last
--   time. `entries` is a JSON object: name to digest. The first time on a store there is nothing to compare with.
-- KEYS: file_access
-- ARGS: offset root entries audit_kept audit_lines
-- OUTCOMES: done
-- USES: clock names audit

local entries, before, known, names = cjson.decode(A.entries), redis.call('HGETALL', K.file_access), {}, {}
for i = 1, #before, 2 do known[before[i]] = before[i + 1] end
for name, digest in pairs(entries) do
  if known[name] ~= digest then names[#names + 1] = name end
end
for name in pairs(known) do
  if name ~= '' and not entries[name] then names[#names + 1] = name end
end
table.sort(names)
for _, name in ipairs(names) do
  if entries[name] then
    redis.call('HSET', K.file_access, name, entries[name])
  else
    redis.call('HDEL', K.file_access, name)
  end
  -- The field '' says that there was a first time, also where the file let nobody in.
  if known[''] then
    audit('file', entries[name] and 'settings.set' or 'settings.removed', {detail = 'file/' .. name},
      known[name] and entries[name] and CHANGES_LOG or nil)
  end
end
redis.call('HSET', K.file_access, '', '1')
return {'done', now}
