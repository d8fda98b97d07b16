-- Purpose: remove consumers of the outbox that ended long ago and hold no job. Each start of a process adds a consumer,
--   and the stream is permanent. A consumer with a job stays until another consumer has taken over the job.
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
