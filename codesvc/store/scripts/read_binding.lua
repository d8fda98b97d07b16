-- Purpose: read a binding and whether its WeChat can be reached.
-- KEYS: binding
-- ARGS: offset root account
-- OUTCOMES: done absent
-- USES: clock names reachability
-- REPLY done: binding unreachable
--   binding: flat list of fields and values; unreachable: why no message reaches the WeChat account, '' if one may

local binding = redis.call('HGETALL', K.binding)
if #binding == 0 then return {'absent', now} end
local openid = redis.call('HGET', K.binding, 'openid')
return {'done', now, binding, why_unreachable(openid)}
