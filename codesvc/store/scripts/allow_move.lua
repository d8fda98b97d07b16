-- Purpose: the previous WeChat account agrees that its user moves to the WeChat account that scanned. Its message names
--   the bind intent by the reference.
-- KEYS: moving outbox
-- ARGS: offset root account appid topic notice event openid reference history_kept audit_kept audit_lines tag_key
-- OUTCOMES: bound conflict absent
-- USES: clock names record eviction notice webhook audit binding_history reachability binding intent settlement
-- REPLY bound conflict: intent

local id = redis.call('GET', K.moving)
local r = id and read_record(key('intent', id))
if not r or r.previous ~= A.openid or r.reference ~= A.reference then return {'absent', now} end
if r.status == 'bound' then return answer('bound', r) end
if r.status ~= 'conflict' or now >= tonumber(r.expires) then return {'absent', now} end
if has_lost(r.site, r.user, r.created) then return {'absent', now} end
-- It can agree only while it is still the bound one.
if redis.call('HGET', key('binding', r.site, r.user), 'openid') ~= A.openid then return {'absent', now} end
if not settle_bind(r, true) then return answer('conflict', r) end
tell_bound(r)
return answer('bound', r)
