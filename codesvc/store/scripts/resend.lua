-- Purpose: carry the same code again, and let it live longer, within the limit of its whole life.
--   Past a push limit the answer is the same and no push happens: only a scan brings the code (rule 3).
--   `purposes` is MessagePack: for each of the site's purposes code_life, code_max_life, resend_after (ms) and channels.
-- KEYS: record outbox
-- ARGS: event offset root account appid topic site purposes user_pushes openid_pushes shared_pushes
-- OUTCOMES: resent early ended absent
-- USES: clock names former_site windows recent_activity record delivery reachability eviction eligibility webhook verification_events contact refund sent_verifications push
-- REPLY resent ended: record _ _ new_steps
-- REPLY early: record wait_ms whole_ms
--   wait_ms: until a resend is possible; whole_ms: how long a resend has to wait after the one before

local r = read_record(K.record)
local policy = r and cmsgpack.unpack(A.purposes)[r.purpose]
if not policy or is_gone(r) or r.site ~= A.site then return {'absent', now} end
cancel_void_approval(r)
if status_of(r) ~= 'pending' then return answer('ended', r) end
-- The wait under way began with the start or the resend before (`resend_at`); the next one begins with this resend.
local whole_wait, next_wait = policy.resend_after, policy.resend_after
if now < tonumber(r.resend_at) then return answer('early', r, r.resend_at - now, whole_wait) end

write(r, {
  resend_at = now + next_wait, expires = math.min(now + policy.code_life, r.created + r.code_max_life),
  trail = with_step(r, 'resent'),
})
-- A push that still waits is replaced by this one.
refund(r)
-- A push goes only to a WeChat account that may use the code: to the one that claimed, if it is still eligible, or to
-- the owner.
local target = r.claimed_by or bound_openid(r)
if target and not basis_for(r, target) then target = false end
if r.disarmed == '1' then
  if r.disclose_binding ~= '1' and not user_limit(r) then count_user_push(r) end
  enqueue(r, 'void', A.appid)
else
  -- A resend is a second request: the gateway is used, if it has not been.
  policy.again = r.gateway == 'waiting' or nil
  if policy.again then
    local bound = target and why_no_push(r, target, policy, nil)
    hasten_gateway(r, {plan = 'gateway', reason = bound or target and 'repeated' or 'no-binding'})
  end
  deliver(r, target, policy)
end
if pushes.made then save_recent_activity(pushes.mine, 0) end
wake(r)
return answer('resent', r)
