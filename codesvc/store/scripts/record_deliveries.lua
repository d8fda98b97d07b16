-- Purpose: record the results of deliveries, and acknowledge their jobs in the same script (DESIGN rule 4). `results`
--   is MessagePack: for each delivery its verification, number, status (sent, unknown or failed), channel, reason,
--   errcode or '', msgid or '', the entry of its job ('' if the job continues), and if the call was charged, the key of
--   that day's quota and the call's id: the call has ended. After failed, the verification falls back to a scan if a
--   scan can bring the code. A receipt that arrived before this record is applied now.
-- KEYS: outbox
-- ARGS: offset results event root account appid topic group
-- OUTCOMES: done stale
-- USES: clock names former_site record delivery reachability eviction eligibility webhook verification_events contact fall_back batch
-- REPLY done: record _ _ new_steps

local function record(id, number, status, via, reason, errcode, msgid)
  local r = read_record(record_at(id))
  if not r or r.number ~= tonumber(number) then return {'stale', now} end
  if not may_move(DELIVERY_MOVES, r.delivery, status) then return {'stale', now} end

  local changes, detail = {reason = reason}, errcode ~= '' and reason .. '.' .. errcode or nil
  if via ~= '' then changes.channel = via end
  if msgid ~= '' then changes.msgid = msgid end
  -- Several acts of one call may concern the same verification.
  new_steps[r.id] = nil
  -- The delivery was tried, so it stays counted in the limits.
  r.counted, r.begun, r.due = nil, nil, nil
  drop_turn(r, status)
  move_delivery(r, status, changes, detail)

  if msgid ~= '' then
    local receipt = account_key('receipt', msgid)
    local early = redis.call('GET', receipt)
    local ours = 'vf:' .. r.id .. ' ' .. r.number
    if early and string.sub(early, 1, 3) ~= 'vf:' then
      local receipt_status, openid, receipt_reason, forgeable = read_early_receipt(early)
      if openid == r.sent_to then
        status, reason, detail = receipt_status, receipt_reason, nil
        drop_turn(r, status)
        move_delivery(r, status, {reason = reason}, nil, forgeable)
      end
    end
    redis.call('SET', receipt, ours, 'PX', string.format('%.0f', 86400000))
  end
  after_delivery(r, status, reason, detail)
  wake(r)
  return answer('done', r)
end

local results, done = cmsgpack.unpack(A.results), {}
for _, result in ipairs(results) do
  if result[8] ~= '' then done[#done + 1] = result[8] end
  if result[10] and result[10] ~= '' then redis.call('HDEL', result[9], 'f:' .. result[10]) end
end
acknowledge(done)
return {'done', now, each(results, record)}
