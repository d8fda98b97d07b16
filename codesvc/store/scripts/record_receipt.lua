-- Purpose: apply WeChat's delivery receipt, matched by its message id. It may arrive before the result of the send is
--   recorded, after it, or twice. One that nobody signed and that comes before is kept up to `unsigned_rates` only.
-- KEYS: receipt unsigned
-- ARGS: offset root account channel status reason openid event unsigned_rates
-- OUTCOMES: done stale early-receipt
-- USES: clock names windows unsigned record delivery reachability eligibility webhook verification_events fall_back
-- REPLY done: record _ _ firsts

local known = redis.call('GET', K.receipt)
if not known then
  if not may_write() then return {'stale', now} end
  redis.call('SET', K.receipt, A.status .. ' ' .. A.openid .. ' ' .. A.reason, 'PX', '3600000')
  return {'early-receipt', now}
end
local id, number = string.match(known, '^vf:(%S+) (%d+)$')
local r = id and read_record(record_at(id))
if not r or r.number ~= tonumber(number) or r.delivery ~= 'sent' or r.sent_to ~= A.openid then return {'stale', now} end
drop_turn(r, A.status)
move_delivery(r, A.status, {reason = A.reason})
after_delivery(r, A.status, A.reason)
wake(r)
return answer('done', r)
