-- Purpose: remove a user's binding, and inform the person. `writes` counts what one API key writes, at most
--   `binding_writes`; '' means no limit.
-- KEYS: binding writes outbox
-- ARGS: offset root account appid topic notice site user by notices event hooks actor reason binding_writes history_kept audit_kept audit_lines tag_key
-- OUTCOMES: done absent limited
-- USES: clock names windows reachability notice webhook audit binding_history recipient_proof binding moving
-- REPLY done: openid
-- REPLY limited: wait_ms

local moving = refusal_while_moving(A.site)
if moving then return moving end
local openid = redis.call('HGET', K.binding, 'openid')
if not openid then return {'absent', now} end
local writes = window(K.writes, A.binding_writes)
local wait = wait_for(writes)
if wait > 0 then return {'limited', now, wait} end
count_event(writes)
local known_as = display_of(A.site, A.user)
unbind(A.hooks, A.site, A.user, openid, A.by, A.actor, A.reason)
if A.notices == '1' then notify(openid, 'unbound', {site = A.site, user = A.user, display = known_as}) end
return {'done', now, openid}
