-- Purpose: forget readers of the outbox that are long dead and hold no job. Each start of a process is a new reader, and
--   the stream outlives them all. One that holds a job stays: whoever takes the job over empties it.
-- KEYS: outbox
-- ARGS: offset group idle
-- OUTCOMES: done
-- USES: clock
-- REPLY done: forgotten

local forgotten = 0
local groups = redis.pcall('XINFO', 'CONSUMERS', K.outbox, A.group)
for _, flat in ipairs(groups.err and {} or groups) do
  local reader = {}
  for i = 1, #flat, 2 do reader[flat[i]] = flat[i + 1] end
  if reader.pending == 0 and reader.idle >= tonumber(A.idle) then
    redis.call('XGROUP', 'DELCONSUMER', K.outbox, A.group, reader.name)
    forgotten = forgotten + 1
  end
end
return {'done', now, forgotten}
