-- Purpose: read the history of a user's bindings, oldest first. The last line may be the present binding.
-- KEYS: history binding
-- ARGS: offset site history_kept tag_key
-- OUTCOMES: done
-- USES: clock binding_history
-- REPLY done: lines
--   lines: JSON

local last = line_of_binding(K.binding, A.site)
local lines = redis.call('LRANGE', K.history, last and 1 - HISTORY_LENGTH or -HISTORY_LENGTH, -1)
if last then lines[#lines + 1] = cjson.encode(last) end
return {'done', now, lines}
