-- Purpose: record how a delivery went, and acknowledge its job in the same act (DESIGN rule 4).
--   `status` sent, unknown or failed; '' only acknowledges. After failed, the verification falls back to a scan by
--   itself where a scan may bring the code. A receipt that came before this record is applied now.
-- KEYS: record outbox receipt
-- ARGS: offset root account channel number status via reason errcode msgid entry group event
-- OUTCOMES: done stale
-- USES: clock names record delivery eligibility webhook occasion fall_back
--   done: {outcome, now, record, 0}

if A.entry ~= '' then
  redis.call('XACK', K.outbox, A.group, A.entry)
  redis.call('XDEL', K.outbox, A.entry)
end
local r = read_record(K.record)
if not r or A.status == '' or r.number ~= A.number then return {'stale', now} end
if not DELIVERY_MOVES[r.delivery][A.status] then return {'stale', now} end

local changes, detail = {reason = A.reason}, A.errcode ~= '' and A.reason .. '.' .. A.errcode or nil
if A.via ~= '' then changes.channel = A.via end
if A.msgid ~= '' then changes.msgid = A.msgid end
move_delivery(r, A.status, changes, detail)

local status, reason = A.status, A.reason
if A.msgid ~= '' then
  local early = redis.call('GET', K.receipt)
  local ours = 'vf:' .. r.id .. ' ' .. r.number
  if early and string.sub(early, 1, 3) ~= 'vf:' then
    local receipt_status, openid, receipt_reason = string.match(early, '^(%S+) (%S+) (.*)$')
    if openid == r.sent_to then
      status, reason, detail = receipt_status, receipt_reason, nil
      move_delivery(r, status, {reason = reason})
    end
  end
  redis.call('SET', K.receipt, ours, 'PX', string.format('%.0f', 86400000))
end
after_delivery(r, status, reason, detail)
wake(r)
return answer('done', r)
