-- Purpose: read the openid that a person's subject is derived from, see issue_oidc_code.lua.
-- KEYS: first
-- ARGS: offset
-- OUTCOMES: done absent
-- USES: clock
-- REPLY done: first_openid

local first = redis.call('GET', K.first)
if not first then return {'absent', now} end
return {'done', now, first}
