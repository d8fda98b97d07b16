-- Purpose: end an access token, if it belongs to this client (RFC 7009). A token that is not known is as good as revoked.
-- KEYS: token
-- ARGS: offset client
-- OUTCOMES: done absent
-- USES: clock

local kept = redis.call('HGET', K.token, 'content')
if not kept or cjson.decode(kept).client ~= A.client then return {'absent', now} end
redis.call('DEL', K.token)
return {'done', now}
