-- Purpose: remove a user's binding.
-- KEYS: binding
-- ARGS: offset root account site user
-- OUTCOMES: done absent
-- USES: clock names
--   done: {outcome, now, the openid that was bound}

local openid = redis.call('HGET', K.binding, 'openid')
if not openid then return {'absent', now} end
redis.call('DEL', K.binding)
redis.call('SREM', key('owners', A.site, openid), A.user)
return {'done', now, openid}
