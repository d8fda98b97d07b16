-- Purpose: remove a user's binding, and inform the person.
-- KEYS: binding outbox
-- ARGS: offset root account appid channel notice site user by notices event hooks actor reason history_kept audit_kept
-- OUTCOMES: done absent
-- USES: clock names notice webhook audit binding_history reachability binding
-- REPLY done: openid

local openid = redis.call('HGET', K.binding, 'openid')
if not openid then return {'absent', now} end
remove(A.hooks, A.site, A.user, openid, A.by, A.actor, A.reason)
if A.notices == '1' then notify(openid, 'unbound', {site = A.site, user = A.user}) end
return {'done', now, openid}
