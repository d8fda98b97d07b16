-- Purpose: on the page of a bind intent, a person says that the WeChat account that scanned is not theirs. An
--   intent that is live, or waits for the WeChat account that is bound, is canceled. Within UNDO_LIFE after its yes, exactly the binding that it has made is removed, as `unbind`
--   does, and the intent is canceled too. A binding that another act has made since stays.
-- KEYS: intent outbox
-- ARGS: offset root account appid topic notice event site history_kept audit_kept audit_lines tag_key
-- OUTCOMES: done ended absent
-- USES: clock names former_site windows record eviction reachability notice webhook audit binding_history recipient_proof binding intent moving
-- REPLY done ended: intent

local r = read_record(K.intent)
if not r or intent_gone(r) or r.site ~= A.site or r.kind ~= 'bi' then return {'absent', now} end
local moving = refusal_while_moving(r.site)
if moving then return moving end
if r.status == 'canceled' then return answer('done', r) end
if is_stoppable(r) then
  move_intent(r, 'canceled', {})
  return answer('done', r)
end
if r.status ~= 'bound' or is_over(r.ended, r.ended + UNDO_LIFE) then return answer('ended', r) end
local made = redis.call('HMGET', key('binding', r.site, r.user), 'openid', 'source')
if made[1] ~= r.claimed_by or made[2] ~= r.id then return answer('ended', r) end
local known_as = display_of(r.site, r.user)
unbind(r.hooks, r.site, r.user, r.claimed_by, 'page', 'page', '')
if r.notices == '1' then notify(r.claimed_by, 'unbound', {site = r.site, user = r.user, display = known_as}) end
move_intent(r, 'canceled', {})
return answer('done', r)
