-- Purpose: redeem a ticket for a site, once. For a reset, a verification is started and approved in the same script,
--   but only if the WeChat account that requested it is the one bound to the user. That WeChat account is informed, as
--   of every reset (rule 6).
-- KEYS: ticket record outbox idem
-- ARGS: offset root account topic appid site id fixed attempts event hooks idem fingerprint
-- OUTCOMES: done spent ended absent mismatch
-- USES: clock names former_site windows recent_activity record sent_verifications eviction webhook verification_events disowning ticket moving
-- REPLY done: ticket at record
--   at: when a ticket to bind was redeemed, ms; record: of a reset, its verification

local moving = refusal_while_moving(A.site)
if moving then return moving end
local known = earlier_call(A.site, 'id', 'at')
if known[1] and known[1] ~= A.fingerprint then return {'mismatch', now} end
local r = read_ticket(K.ticket)
if not r or r.site ~= A.site then return {'absent', now} end
local at = string.format('%.0f', now)
if known[1] then
  -- The successful call may be repeated: it gets the same verification, or a handle with the expiry of the first.
  if r.wish == 'bind' then return answer('done', r, known[3]) end
  local v = read_record(record_at(known[2]))
  if v and is_approval_void(v) then return {'ended', now} end
  if v then return answer('done', r, 0, {0, v.packed, v.id}) end
end
if r.status == 'redeemed' then return {'spent', now} end
if not is_good(r) then return {'ended', now} end
-- Whoever has lost the user since the ticket was issued begins anew, also if they are bound again.
if r.wish ~= 'bind' and (redis.call('HGET', key('binding', r.site, r.user), 'openid') ~= r.openid
    or has_lost(r.site, r.user, r.created)) then
  return {'absent', now}
end
local theirs = r.wish ~= 'bind' and read_recent_activity(account_key('recent', r.openid), '')
if theirs and sent_wait(theirs, r.openid) > 0 then return {'ended', now} end
move_ticket(r, 'redeemed', {})
if A.idem ~= '' then
  note_call('id', A.id, 'at', at)
  redis.call('PEXPIRE', K.idem, 86400000)
end
if r.wish == 'bind' then return answer('done', r, at) end
local v = {at = K.record}
write(v, {
  id = A.id, site = r.site, user = r.user, purpose = 'reset', address = '-', fixed = A.fixed, scan = 'off',
  vouched = '0', disclose_binding = '0', keyword = '', status = 'approved', attempts = tonumber(A.attempts), attempts_left = tonumber(A.attempts),
  created = now, expires = now, code_max_life = 0, code_life = 0, resend_at = now, approved = now, ended = now, basis = 'bound',
  sent_to = r.openid, claimed_by = r.openid, claimed_basis = 'bound', number = 1, channel = 'reply', delivery = 'sent',
  reason = '', delivery_after = 0, msgid = '', trail = '0:approved/bound', hooks = A.hooks,
  first = table.concat({string.format('%.0f', now), string.format('%.0f', now), 'reply', 'sent', ''}, ' '),
})
redis.call('PEXPIRE', K.record, KEPT_AFTER_END + TTL_MARGIN)
-- "Not me" takes the approval back (disown.lua).
enter_sent(theirs, r.openid, A.id)
save_recent_activity(theirs, PROOF_LIFE + TTL_MARGIN)
redis.call('XADD', K.outbox, '*', 'kind', 'reset_done', 'id', A.id, 'number', 0, 'account', A.appid)
queue_verification_event(v, 'verification.approved')
return answer('done', r, 0, {0, v.packed, v.id})
