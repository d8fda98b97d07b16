-- Purpose: read what an access token of a relying party lets it read.
-- KEYS: token
-- ARGS: offset
-- OUTCOMES: done absent
-- USES: clock
-- REPLY done: content

local kept = redis.call('GET', K.token)
if not kept then return {'absent', now} end
local expires, content = string.match(kept, '^(%d+) (.*)$')
if now >= tonumber(expires) then return {'absent', now} end
return {'done', now, content}
