-- Purpose: store the unionid that WeChat returned for a bound person, unless the user is bound to another openid by
--   now.
-- KEYS: binding union
-- ARGS: offset root site user openid unionid
-- OUTCOMES: done stale
-- USES: clock names

local known = redis.call('HMGET', K.binding, 'openid', 'unionid')
if known[1] ~= A.openid then return {'stale', now} end
if known[2] ~= A.unionid then
  if known[2] then redis.call('SREM', key('union', A.site, known[2]), A.user) end
  redis.call('HSET', K.binding, 'unionid', A.unionid)
  redis.call('SADD', K.union, A.user)
end
return {'done', now}
