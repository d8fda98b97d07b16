-- Purpose: somebody stopped following. Bindings stay, because a WeChat that left still guards its user (DESIGN rule 6),
--   but of the person only user and openid are kept, and those for `unfollow_retention`.
-- KEYS: gone leavers
-- ARGS: offset root account openid sites
-- OUTCOMES: done
-- USES: clock names binding

redis.call('SET', K.gone, string.format('%.0f', now))
redis.call('ZADD', K.leavers, now, A.openid)
for site in string.gmatch(A.sites, '%S+') do
  for _, user in ipairs(redis.call('SMEMBERS', key('owners', site, A.openid))) do
    forget_unionid(key('binding', site, user), site, user)
  end
end
return {'done', now}
