-- Purpose: delete the bindings of an openid, its lines in their histories, and its marks, because the person withdrew
--   permission to use their data, or left long ago. Other keys about them end by their TTL, within 30 days. Pending
--   verifications accept no code any more.
-- KEYS: gone leavers muted recent spoke seen
-- ARGS: offset root account appid topic openid sites once only_if_left_before event history_kept audit_kept audit_lines tag_key other_tag_keys
-- OUTCOMES: done stale
-- USES: clock names former_site once windows recent_activity record sent_verifications webhook audit binding_history reachability recipient_proof binding moving
-- REPLY done: unbound
--   unbound: users that were unbound, as 'site user'; stale: the person came back in the meantime

if A.only_if_left_before ~= '' then
  local left = redis.call('GET', K.gone)
  if not left or tonumber(left) >= tonumber(A.only_if_left_before) then
    redis.call('ZREM', K.leavers, A.openid)
    return {'stale', now}
  end
end
for site in string.gmatch(A.sites, '(%S+)/%S*') do
  local moving = refusal_while_moving(site)
  if moving then return moving end
end
local unbound = {}
-- Repeated, it does not delete what the person has allowed since.
if has_acted() then return {'done', now, unbound} end
for site, wanted in string.gmatch(A.sites, '(%S+)/(%S*)') do
  local owners = key('owners', site, A.openid)
  for _, user in ipairs(redis.call('SMEMBERS', owners)) do
    for _, tag in ipairs(tags_of(site, A.openid)) do forget_in_history(site, user, tag) end
    -- Either the person left long ago, or they withdrew permission in WeChat.
    unbind(wanted, site, user, A.openid, 'forgotten', A.only_if_left_before ~= '' and 'codesvc' or 'chat')
    unbound[#unbound + 1] = site .. ' ' .. user
  end
  redis.call('DEL', owners)
end
local theirs = read_recent_activity(K.recent, '')
for _, r in ipairs(records_sent(A.openid, theirs.entries)) do
  if status_of(r) == 'pending' then
    write(r, {disarmed = '1', trail = with_step(r, 'disowned')})
    wake(r)
  end
end
redis.call('DEL', K.gone, K.muted, K.spoke)
redis.call('DEL', account_key('unknown', A.openid), account_key('oidc_first', A.openid), account_key('sent', A.openid))
-- The count of messages to this openid is kept, so that a person cannot reset the limit by leaving and returning.
theirs.entries = {}
if theirs.times.packed ~= '' then save_recent_activity(theirs, 0) else redis.call('DEL', K.recent) end
redis.call('ZREM', K.leavers, A.openid)
return {'done', now, unbound}
