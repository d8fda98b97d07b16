-- Purpose: apply WeChat's delivery receipt, matched by its message id. It may arrive before the result of the send is
--   recorded, after it, or twice.
--   The receipt of a message (codesvc.domain.message) ends it, or has the gateway used at once: by a job of its own, whose
--   number replaces that of the job that waits.
-- KEYS: receipt outbox
-- ARGS: offset root account appid topic status reason openid event forgeable
-- OUTCOMES: done other stale early-receipt
-- USES: clock names former_site windows record delivery reachability eviction eligibility webhook verification_events contact fall_back message
-- REPLY done: record _ _ new_steps
-- REPLY other: message

local known = redis.call('GET', K.receipt)
if not known then
  -- Nothing of ours is on its way to somebody who was sent nothing lately.
  if redis.call('EXISTS', account_key('recent', A.openid)) == 0 then return {'stale', now} end
  redis.call('SET', K.receipt, early_receipt(A.status, A.openid, A.reason, A.forgeable == '1'), 'PX', '3600000')
  return {'early-receipt', now}
end
local message = string.match(known, '^ms:(%S+) %d+$')
if message then
  local m = read_record(key('message', message))
  if not m or m.status ~= 'sent' or m.plan ~= 'wechat' or m.sent_to ~= A.openid then return {'stale', now} end
  if A.status == 'delivered' then
    move_message(m, 'delivered', {reason = ''})
    tell_of_message(m)
  else
    write(m, {plan = 'gateway', reason = A.reason, number = tostring(m.number + 1)})
    redis.call('XADD', K.outbox, '*', 'kind', 'message', 'id', m.id, 'number', m.number, 'account', A.appid, 'site', m.site)
  end
  return {'other', now, {0, m.packed, m.id}}
end
local id, number = string.match(known, '^vf:(%S+) (%d+)$')
local r = id and read_record(record_at(id))
if not r or r.number ~= tonumber(number) or r.delivery ~= 'sent' or r.sent_to ~= A.openid then return {'stale', now} end
drop_turn(r, A.status)
move_delivery(r, A.status, {reason = A.reason}, nil, A.forgeable == '1')
after_delivery(r, A.status, A.reason)
wake(r)
return answer('done', r)
