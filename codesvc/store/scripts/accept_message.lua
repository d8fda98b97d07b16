-- Purpose: take a message: limits, who is bound, the plan of its delivery, record, sealed content, outbox entry. Exactly
--   one entry and the same writes whether a user is bound or not (rule 7): `plan` alone differs, `wechat` or `gateway`.
--   `users` are ids that stand for the recipient, separated by blanks: the first that is bound is the user, else the first.
--   `owners` stand for the recipient where the message may prove it: by WeChat then only if one of them has the same.
--   A binding under a recipient's id counts for `recipient_proof` ms after its proof (recipient_proof.lua), and not if the
--   message `claims` the recipient: a person gives it as theirs for the first time.
--   A second message for a user within `repeat_window` goes to the gateway: the person asked again.
--   `same` are names of the call and its repeats, separated by blanks: under the current master key, then under others.
-- KEYS: message sealed idem address_starts site_starts outbox
-- ARGS: offset root account appid id users owners claims recipient_proof site purpose kind locale reference address disclose shadow coded box life repeat_window pushable user_pushes openid_pushes shared_pushes site_starts address_starts gateway_messages hooks idem fingerprint same same_ms
-- OUTCOMES: started repeated mismatch limited absent
-- USES: clock names former_site windows recent_activity record reachability message recipient_proof network_share admission
-- REPLY started repeated: message _ left
-- REPLY limited: limit wait_ms
--   absent: the message of the Idempotency-Key, or of the same call, is no longer kept

local refused = refusal(message_at, message_gone)
if refused then return refused end
for name in string.gmatch(A.same, '%S+') do
  local before, since = string.match(redis.call('GET', key('same_call', A.site, name)) or '', '^(%S+) (%d+)$')
  if before and not is_of_former_site(A.site, since) then
    local first = read_record(message_at(before))
    if first and not message_gone(first) then return answer('repeated', first, 0, starts_left()) end
    return {'absent', now}
  end
end
count_start()

local user, openid, alias, unproved
local function look_up(candidate)
  local b = redis.call('HMGET', key('binding', A.site, candidate), 'openid', 'void', 'proved', 'at')
  if not b[1] or b[2] then return nil end
  return b[1], is_unproved(candidate, b[3], b[4], tonumber(A.recipient_proof))
end
for candidate in string.gmatch(A.users, '%S+') do
  user, alias = user or candidate, alias or candidate
  local bound, stale = look_up(candidate)
  if bound then
    user, openid, unproved = candidate, bound, stale
    break
  end
end

-- A code that proves a number or an address goes to that number or address: the WeChat account of whoever names it
-- shows nothing about it (decision 56).
local known, lapsed = A.owners == '', false
for owner in string.gmatch(A.owners, '%S+') do
  local bound, stale = look_up(owner)
  if bound and bound == openid then
    known = known or not stale
    lapsed = lapsed or stale
  end
end
if not known and lapsed then known, unproved = true, true end
if A.claims == '1' and (A.owners ~= '' or is_recipient_id(user)) then known = false end

-- Both are read and written for everybody, so that the work is the same.
local asked = key('asked_again', A.site, user)
local since = tonumber(redis.call('GET', asked))
local again = since and now - since < tonumber(A.repeat_window)
local mine = read_recent_activity(key('lately', A.site, user), A.user_pushes, A.openid_pushes)
local theirs = read_recent_activity(account_key('recent', openid or '-'), A.openid_pushes, A.shared_pushes)
local function why_not()
  if A.coded ~= '1' then return 'no-code' end
  if not openid then return 'no-binding' end
  if not known then return 'proves-recipient' end
  if unproved then return 'recipient-unproved' end
  if A.pushable ~= '1' then return 'no-channel' end
  if is_test_openid(openid) or why_unreachable(openid) ~= '' then return 'unreachable' end
  if is_muted(openid) then return 'muted' end
  if wait_for(mine.times) > 0 or wait_for(theirs.times) > 0 then return 'limited' end
  if again then return 'repeated' end
  return nil
end
local why = why_not()
local would = A.shadow == '1' and (why or 'push') or ''
if A.shadow == '1' then why = 'shadow' end
if not why then
  count_event(mine.times)
  save_recent_activity(mine, tonumber(A.life) + TTL_MARGIN)
  count_event(theirs.times)
  save_recent_activity(theirs, tonumber(A.life) + TTL_MARGIN)
end
if (not why or would == 'push' or again) and tonumber(A.repeat_window) > 0 then
  redis.call('SET', asked, string.format('%.0f', now), 'PX', A.repeat_window)
end

local m = {at = K.message}
write(m, {
  id = A.id, site = A.site, user = user, alias = alias, purpose = A.purpose, kind = A.kind, locale = A.locale, reference = A.reference,
  disclose = A.disclose, would = would, hooks = A.hooks, status = 'accepted', number = '1',
  plan = why and 'gateway' or 'wechat', reason = why or '', sent_to = openid or '',
  created = now, expires = now + A.life, cap = A.gateway_messages ~= '' and A.gateway_messages or nil,
})
redis.call('PEXPIRE', K.message, tonumber(A.life) + MESSAGE_KEPT + TTL_MARGIN)
redis.call('SET', K.sealed, A.box, 'PX', A.life)
local same = string.match(A.same, '%S+')
if same then redis.call('SET', key('same_call', A.site, same), string.format('%s %.0f', A.id, now), 'PX', A.same_ms) end
redis.call('XADD', K.outbox, '*', 'kind', 'message', 'id', A.id, 'number', 1, 'account', A.appid, 'site', A.site)
remember_start(A.id)
return answer('started', m, 0, starts_left())
