-- delivery: changes the state of a record's delivery by the transition table, and starts a new delivery.
-- `taken` is the first delivery that WeChat took, or may have taken, and of which no receipt says that it failed.
-- An event that is `forgeable` can be anybody's: it never says that WeChat did not take one (DESIGN rule 9).
-- `detail` is the detail of the entry in the timeline: the reason, or the channel by which it was sent.
local function move_delivery(r, status, changes, detail, forgeable)
  if not may_move(DELIVERY_MOVES, r.delivery, status) then
    error('illegal delivery transition ' .. r.delivery .. ' to ' .. status)
  end
  if status == 'sent' or status == 'unknown' then changes.taken = r.taken or tostring(r.number) end
  if status == 'failed' and r.delivery == 'sent' and not forgeable and r.taken == tostring(r.number) then r.taken = nil end
  changes.delivery = status
  changes.delivery_after = now - r.created
  if status == 'sent' then detail = changes.channel or r.channel end
  changes.trail = with_step(r, status, detail or changes.reason)
  write(r, changes)
end

-- A receipt that came before the result of its send, as one text, and that text read: status, openid, reason, whether it
-- is forgeable (stored as `unsigned`).
local function early_receipt(status, openid, reason, forgeable)
  return status .. ' ' .. openid .. ' ' .. reason .. (forgeable and ' unsigned' or '')
end
local function read_early_receipt(text)
  local plain = string.match(text, '^(.*) unsigned$')
  local status, openid, reason = string.match(plain or text, '^(%S+) (%S+) (.*)$')
  return status, openid, reason, plain ~= nil
end

-- A new delivery replaces the record's current one. Receipts for an older delivery are then ignored.
local function new_delivery(r, channel, status, reason, detail)
  write(r, {
    number = (r.number or 0) + 1, channel = channel, delivery = status, reason = reason or '',
    delivery_after = now - r.created, msgid = '', trail = with_step(r, status, detail or (reason or '') ~= '' and reason or channel),
  })
end

-- Every start and resend adds exactly one entry, so that the stream does not show whether a user is bound. `delay`: ms
-- until the job may be done, nil for at once.
local function enqueue(r, kind, appid, delay)
  local entry = {'kind', kind, 'id', r.id, 'number', r.number, 'account', appid}
  if delay then entry[9], entry[10] = 'hold', string.format('%.0f', delay) end
  redis.call('XADD', K.outbox, '*', unpack(entry))
end
