-- Purpose: read a message.
-- KEYS: message
-- ARGS: offset root site
-- OUTCOMES: done absent
-- USES: clock names former_site record message
-- REPLY done: message

local m = read_record(K.message)
if not m or m.site ~= A.site or message_gone(m) then return {'absent', now} end
return {'done', now, {0, m.packed, m.id}}
