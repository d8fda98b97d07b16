-- delivery: moving the current delivery of a record by the table, and starting a new one.
local function move_delivery(r, status, changes)
  if not DELIVERY_MOVES[r.delivery][status] then
    error('illegal delivery transition ' .. r.delivery .. ' to ' .. status)
  end
  changes.delivery = status
  changes.delivery_at = now
  write(r, changes)
end

-- A new delivery replaces the record's current one; a receipt for an older one no longer matters.
local function new_delivery(r, channel, status, reason)
  write(r, {
    number = (tonumber(r.number) or 0) + 1, channel = channel, delivery = status, reason = reason or '',
    delivery_at = now, msgid = '',
  })
end

-- Every start and resend leaves exactly one entry, so that the stream tells nobody whether a user is bound.
local function enqueue(r, kind, account)
  redis.call('XADD', K.outbox, '*', 'kind', kind, 'id', r.id, 'number', r.number, 'account', account)
end
