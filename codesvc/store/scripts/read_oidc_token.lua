-- Purpose: read what an access token of a relying party lets it read.
-- KEYS: token
-- ARGS: offset root
-- OUTCOMES: done absent
-- USES: clock names former_site eviction
-- REPLY done: content

local kept = redis.call('HMGET', K.token, 'content', 'expires', 'site', 'user', 'approved')
if not kept[1] or is_over(kept[5], kept[2]) then return {'absent', now} end
if has_lost_since_approval(kept[3], kept[4], kept[5]) then return {'absent', now} end
return {'done', now, kept[1]}
