-- Purpose: read what an access token of a relying party lets it read.
-- KEYS: token
-- ARGS: offset
-- OUTCOMES: done absent
-- USES: clock
-- REPLY done: content

local kept = redis.call('HMGET', K.token, 'content', 'expires')
if not kept[1] or now >= tonumber(kept[2]) then return {'absent', now} end
return {'done', now, kept[1]}
