-- Purpose: read a binding and whether its WeChat can be reached.
-- KEYS: binding
-- ARGS: offset root account
-- OUTCOMES: done absent
-- USES: clock names
-- REPLY done: binding reachable
--   binding: flat list of fields and values; reachable: 0 where the WeChat does not follow

local binding = redis.call('HGETALL', K.binding)
if #binding == 0 then return {'absent', now} end
local openid = redis.call('HGET', K.binding, 'openid')
return {'done', now, binding, 1 - redis.call('EXISTS', account_key('gone', openid))}
