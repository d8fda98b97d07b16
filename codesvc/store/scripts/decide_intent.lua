-- Purpose: the WeChat account that scanned confirms or declines: by a reply in the chat (`id` is '' and means its
--   latest request), or by a button on a page after web authorisation proved the openid. Repeating the same answer
--   returns the same result. A repeated callback refers to the request of the first one, even if there is a newer
--   request. A "no" in the chat also stops the moves that this WeChat account was asked to agree to, as the one that is
--   bound, and the move to itself that it has confirmed. A move that was stopped keeps its site's turn to ask until it
--   would have expired, so that the site cannot ask the person again and again.
-- KEYS: asked seen outbox
-- ARGS: offset root account appid topic notice event openid id yes choice tell sites history_kept audit_kept audit_lines tag_key
-- OUTCOMES: bound conflict approved unknown declined choose ended absent limited
-- USES: clock names former_site windows record disowning eviction reachability notice webhook audit binding_history recipient_proof binding intent settlement moving
-- REPLY bound conflict approved unknown declined choose ended limited: intent

local NOTHING = '-'
local id, again = A.id, false
if id == '' then
  id = redis.call('GET', K.seen)
  again = id ~= false
  id = id or redis.call('GET', K.asked) or NOTHING
  -- Noted also for a message that answered nothing: when it is repeated, it must not answer a question that was asked
  -- after it.
  redis.call('SET', K.seen, id, 'NX', 'PX', SEEN_KEPT)
end
local r = id and read_record(key('intent', id))
local stopped
if A.yes ~= '1' and A.id == '' then
  local theirs = r and (r.previous == A.openid or (r.kind == 'bi' and r.claimed_by == A.openid))
  if again and theirs and r.status == 'canceled' then return answer('declined', r) end
  for _, each in ipairs(again and {} or asked_moves(A.openid)) do
    if is_stoppable(each) then
      local moving = refusal_while_moving(each.site)
      if moving then return moving end
      move_intent(each, 'canceled', {})
      stopped = each
    end
  end
end
-- A question to the WeChat account itself is declined too, below. If there is one, the answer is about that.
if stopped and not (r and r.claimed_by == A.openid and intent_status(r) == 'scanned') then
  redis.call('SET', K.seen, stopped.id, 'PX', SEEN_KEPT)
  return answer('declined', stopped)
end
if not r or intent_gone(r) or r.claimed_by ~= A.openid or not has_site(r.site) then return {'absent', now} end
local moving = refusal_while_moving(r.site)
if moving then return moving end
cancel_if_from_before(r)
-- A number chooses one of several users that the question of a login named. Where it named no numbers, a number is not
-- a confirmation: it answers some other message.
if A.choice ~= '' and (r.kind ~= 'lg' or #offered_users(r) < 2) then return {'absent', now} end
if r.status == 'conflict' and is_stoppable(r) and A.yes ~= '1' and not again then
  -- Its earlier yes would bind it as soon as the WeChat account that is bound agrees.
  move_intent(r, 'canceled', {})
  return answer('declined', r)
elseif intent_status(r) ~= 'scanned' then
  -- A new "no" in the chat refers to something else, such as a code that came since. Repeated, it does the same.
  if A.yes ~= '1' and A.id == '' and not again then
    redis.call('SET', K.seen, NOTHING, 'PX', SEEN_KEPT)
    return {'absent', now}
  end
elseif again then
  -- The reply decided nothing when it came first, and does not now.
  return answer('choose', r)
elseif A.yes ~= '1' then
  move_intent(r, 'declined', {})
elseif r.kind == 'lg' then
  if not settle_login(r, A.choice) then return answer('choose', r) end
elseif may_not_bind(r) then
  if A.id == '' then redis.call('DEL', K.seen) end
  return answer('limited', r)
elseif settle_bind(r, r.replace == '1') and A.tell == '1' then
  -- A confirmation on a page is reported in the chat. A reply in the chat gets its answer directly.
  tell_bound(r)
end

-- The present result, of this call or of an earlier one.
local outcome = 'ended'
if r.status == 'bound' then outcome = 'bound' end
if r.status == 'conflict' then outcome = 'conflict' end
if r.status == 'approved' then outcome = 'approved' end
if r.status == 'unknown' then outcome = 'unknown' end
if r.status == 'declined' then outcome = 'declined' end
return answer(outcome, r)
