-- Purpose: record what became of an act for a message. `result`: sent (WeChat took it, the receipt is awaited for `wait`
--   ms), refused (WeChat did not and will not: the gateway is next), handed_over, unknown or failed (the end; the job is
--   acknowledged and what was sealed is deleted), later (the gateway certainly did not take it, and is tried again).
--   Where an earlier call of the gateway may have been taken (`doubt` in begin_message.lua), failed becomes unknown.
--   A charged call ends with it; if WeChat has not counted it, `counted` is 0. Safe to repeat.
-- KEYS: message outbox day
-- ARGS: offset root account topic group event number entry result reason msgid wait call counted sites assumed_daily reserve
-- OUTCOMES: done stale
-- USES: clock names former_site record delivery reachability eviction eligibility webhook verification_events message contact_step quota batch
-- REPLY done: message

-- A code that the gateway has taken is reported as fell_back. If the gateway failed too, WeChat's delivery is reported
-- where it waits for nothing more: failed, or a page that shows the QR code. Other states are reported when they end.
local function report(v)
  if v.gateway ~= 'failed' then return queue_delivery_event(v, 'verification.fell_back') end
  if v.delivery == 'failed' then queue_delivery_event(v, 'verification.failed') end
  if v.delivery == 'awaiting_scan' then queue_delivery_event(v, 'verification.fell_back') end
end

local m = read_record(K.message)
if A.call ~= '' then end_charged(K.day, A.call, A.counted == '1') end
if not m or message_ended(m) or m.number ~= A.number then
  if A.result ~= 'sent' and A.result ~= 'refused' and A.result ~= 'later' then acknowledge({A.entry}) end
  return {'stale', now}
end
if A.result == 'refused' then
  if m.status ~= 'accepted' then return {'stale', now} end
  write(m, {plan = 'gateway', reason = A.reason})
elseif A.result == 'later' then
  write(m, {calling = ''})
elseif A.result == 'sent' then
  if m.status ~= 'accepted' then return {'stale', now} end
  move_message(m, 'sent', {channel = 'template', reason = A.reason, due = now + A.wait})
  if A.msgid ~= '' then
    local receipt = account_key('receipt', A.msgid)
    local early = redis.call('GET', receipt)
    -- A receipt that came before this answer, or else a pointer to a message (`ms:…`, `vf:…`).
    if early and string.match(early, '^[a-z]+ ') then
      local status, openid, reason = read_early_receipt(early)
      if openid == m.sent_to and status == 'delivered' then
        move_message(m, 'delivered', {reason = ''})
        tell_of_message(m)
        acknowledge({A.entry})
      elseif openid == m.sent_to then
        write(m, {plan = 'gateway', reason = reason})
      end
    end
    redis.call('SET', receipt, 'ms:' .. m.id .. ' ' .. m.number, 'PX', '86400000')
  end
else
  local changes = {}
  if A.result ~= 'handed_over' then changes.reason = A.reason end
  move_message(m, A.result == 'failed' and m.doubt and 'unknown' or A.result, changes)
  tell_of_message(m)
  local v = m.verification and read_record(record_at(m.verification))
  if v then
    tell_verification(v, m.status, m.reason)
    if status_of(v) == 'pending' then report(v) end
  end
  acknowledge({A.entry})
end
return answer('done', m)
