-- Purpose: find the users of a site that are bound to one WeChat account, or to one person by unionid. At most `most`
--   are returned.
-- KEYS: index
-- ARGS: offset root account site most
-- OUTCOMES: done
-- USES: clock names reachability
-- REPLY done: bindings
--   bindings: user, binding as flat list, why no message reaches it ('' if one may), and so on

local users = redis.call('SMEMBERS', K.index)
table.sort(users)
local found = {}
for number, user in ipairs(users) do
  if number > tonumber(A.most) then break end
  local at = key('binding', A.site, user)
  found[#found + 1] = user
  found[#found + 1] = redis.call('HGETALL', at)
  found[#found + 1] = why_unreachable(redis.call('HGET', at, 'openid'))
end
return {'done', now, found}
