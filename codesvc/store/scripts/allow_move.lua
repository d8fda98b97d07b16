-- Purpose: the previous WeChat account agrees that its user moves to the WeChat account that scanned. Its message names
--   the bind intent by the reference.
-- KEYS: seen outbox
-- ARGS: offset root account appid topic notice event openid reference once sites history_kept audit_kept audit_lines tag_key
-- OUTCOMES: bound conflict absent
-- USES: clock names former_site windows record disowning eviction reachability notice webhook audit binding_history recipient_proof binding intent settlement moving
-- REPLY bound conflict: intent

local NOTHING = '-'
local function keep(id)
  if A.once == '1' then redis.call('SET', K.seen, id, 'PX', SEEN_KEPT) end
end

local seen = A.once == '1' and redis.call('GET', K.seen)
local r = seen and read_record(key('intent', seen))
for _, each in ipairs(seen and {} or asked_moves(A.openid)) do
  if each.reference == A.reference then r = each end
end
if r and not has_site(r.site) then r = nil end
if r and r.status == 'bound' then
  keep(r.id)
  return answer('bound', r)
end
if r and seen then return answer('conflict', r) end
local moving = r and refusal_while_moving(r.site)
if moving then return moving end
-- The WeChat account can agree only while it is still the one that is bound. A reply that answers nothing is noted too:
-- when it is repeated, it must not answer a question that was asked after it.
if not r or r.status ~= 'conflict' or has_lost(r.site, r.user, r.created) or has_disowned(r.claimed_by, r.ended)
  or redis.call('HGET', key('binding', r.site, r.user), 'openid') ~= A.openid then
  keep(NOTHING)
  return {'absent', now}
end
keep(r.id)
if not settle_bind(r, true) then return answer('conflict', r) end
tell_bound(r)
return answer('bound', r)
