-- Purpose: look at the job of a message: what its next act is. `step` push: send the template message now (a `call` is
--   charged); wait: until the receipt is overdue; hand: call the gateway. A look with an `attempt` comes right before the
--   call: the record then says by which attempt a call may have been made (`calling`), so that after a crash `again` is 1
--   for another attempt: an earlier call's outcome is unknown, and stays so (`doubt`). A look without one only says that
--   the gateway is next, because its caller may still have to wait for its turn there. `spent` is 1 where the site's limit
--   of gateway messages (`cap`, as it was when the message was taken) is used up, and then no call follows. A message
--   counts once, however often it is handed. The same attempt may be repeated, if its answer was lost. A job that is not
--   needed is acknowledged; what has outlived its code ends with it. The message of a verification's last resort follows
--   WeChat's delivery of that verification (contact_step.lua).
-- KEYS: message sealed outbox day
-- ARGS: offset root account appid topic group event number entry attempt call sites assumed_daily reserve
-- OUTCOMES: begun ended stale
-- USES: clock names former_site windows recent_activity record reachability webhook message contact_step quota_alert quota batch
-- REPLY begun: message box step wait_ms again spent quota day call
-- REPLY ended: message
--   quota: yes, day or minute if a call was to be charged, else ''; ended: its time was over, or what was sealed is lost

local m = read_record(K.message)
if not m or message_ended(m) or m.number ~= A.number then
  acknowledge({A.entry})
  return {'stale', now}
end
-- A message counts once, before it is handed over for the first time.
local function count_handover()
  if m.handed then return end
  local handed = window(key('window', 'gateway_messages', m.site, 'all'), m.cap or '')
  m.handed, m.spent = '1', wait_for(handed) > 0 and '1' or nil
  if not m.spent then count_event(handed) end
end

local v = m.verification and read_record(record_at(m.verification))
local box = redis.call('GET', K.sealed)
if m.verification and m.status == 'accepted' then
  local step, more = contact_step(m, v)
  if step == 'wait' then return {'begun', now, {0, m.packed, m.id}, box or '', 'wait', more, 0, 0, '', '', ''} end
  if step == 'hand' then
    write(m, {reason = more, expires = v.expires})
    if box and A.attempt ~= '' then
      count_handover()
      if not m.spent then tell_verification(v, 'handing_over', more) end
    end
  else
    if step == 'delivered' then move_message(m, 'sent', {channel = v.channel}) end
    move_message(m, step, {reason = step == 'failed' and more or ''})
    if v and v.gateway == 'waiting' then tell_verification(v, 'unused') end
    acknowledge({A.entry})
    return {'ended', now, {0, m.packed, m.id}}
  end
elseif v and status_of(v) == 'pending' then
  write(m, {expires = v.expires})
end
if not box or is_over(m.created, m.expires) then
  -- If the gateway may have been called before, it is not known that it failed.
  local why = is_over(m.created, m.expires) and 'expired' or v and status_of(v) ~= 'pending' and 'ended' or 'lost'
  move_message(m, (m.doubt or (m.calling or '') ~= '') and 'unknown' or 'failed', {reason = why})
  tell_of_message(m)
  tell_verification(v, m.status, m.reason)
  acknowledge({A.entry})
  return {'ended', now, {0, m.packed, m.id}}
end
if m.status == 'accepted' and m.plan == 'wechat' then
  -- The binding may have changed meanwhile.
  local bound = redis.call('HGET', key('binding', m.site, m.user), 'openid')
  local why = bound ~= m.sent_to and 'no-binding' or why_unreachable(m.sent_to) ~= '' and 'unreachable'
    or is_muted(m.sent_to) and 'muted'
  if why then
    write(m, {plan = 'gateway', reason = why})
  else
    local quota = A.call ~= '' and take_quota(K.day, m.site, m.purpose == 'reset', A.call) or ''
    return {'begun', now, {0, m.packed, m.id}, box, 'push', 0, 0, 0, quota, K.day, A.call}
  end
end
if m.status == 'sent' and m.plan == 'wechat' then
  local wait = tonumber(m.due) - now
  if wait > 0 then return {'begun', now, {0, m.packed, m.id}, box, 'wait', wait, 0, 0, '', '', ''} end
  write(m, {plan = 'gateway', reason = 'no-receipt'})
end
if A.attempt ~= '' then
  local before = m.calling or ''
  if before ~= '' and before ~= A.attempt then m.doubt = '1' end
  if m.status ~= 'handing_over' then
    count_handover()
    move_message(m, 'handing_over', {channel = 'gateway'})
  end
  -- Past the site's limit no call is made.
  write(m, {calling = m.spent and '' or A.attempt})
end
return {'begun', now, {0, m.packed, m.id}, box, 'hand', 0, m.doubt and 1 or 0, m.spent == '1' and 1 or 0, '', '', ''}
