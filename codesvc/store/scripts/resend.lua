-- Purpose: carry the same code again, and let it live longer, within the limit of its whole life.
--   Past a push limit the answer is the same and no push happens: only a scan brings the code (rule 3).
-- KEYS: record outbox
-- ARGS: offset root account appid channel site code_life max_life resend_after channels user_pushes openid_pushes event
-- OUTCOMES: resent early ended absent
-- USES: clock names windows recent_activity record delivery eligibility webhook verification_events push
--   resent, ended: {outcome, now, record, 0}; early: {outcome, now, wait in ms}

local r = read_record(K.record)
if not r or is_gone(r) or r.site ~= A.site then return {'absent', now} end
if status_of(r) ~= 'pending' then return answer('ended', r) end
if now < tonumber(r.resend_at) then return {'early', now, r.resend_at - now} end

write(r, {resend_at = now + A.resend_after, expires = math.min(now + A.code_life, r.created + r.max_life), trail = trailed(r, 'resent')})
-- The code goes to a WeChat that may use it: the one that claimed, if it is still eligible, or else the owner.
local target = r.claimed_by or owner_of(r)
if target and not basis_for(r, target) then target = false end
if r.disarmed == '1' then
  enqueue(r, 'void', A.appid)
else
  deliver(r, target)
  if pushes.made then save_recent_activity(pushes.mine, 0) end
end
wake(r)
return answer('resent', r)
