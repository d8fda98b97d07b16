-- Purpose: read when API keys were last used.
-- KEYS: uses
-- ARGS: offset names
-- OUTCOMES: done
-- USES: clock
-- REPLY done: times
--   times: in the order of the names, '' for never

local found = {}
for name in string.gmatch(A.names, '%S+') do found[#found + 1] = redis.call('HGET', K.uses, name) or '' end
return {'done', now, found}
