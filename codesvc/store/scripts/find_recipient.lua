-- Purpose: the lasting user id of a recipient: of the ids that stand for it, separated by blanks, the first that is
--   bound, else the first.
-- KEYS: binding
-- ARGS: offset root site users
-- OUTCOMES: done
-- USES: clock names
-- REPLY done: user
--   binding: of the first, which says where the others lie too

local user = nil
for candidate in string.gmatch(A.users, '%S+') do
  local at = user and key('binding', A.site, candidate) or K.binding
  user = user or candidate
  if redis.call('HEXISTS', at, 'openid') == 1 then
    user = candidate
    break
  end
end
return {'done', now, user}
