-- message: the state of a message, its changes by the transition table, and its end. `m` is as in record.lua. What is
-- sealed has a key of its own, whose TTL is the code's life: unlike others it may decide something, because a secret must
-- not outlive its use.
local function message_at(id) return key('message', id) end

local function message_ended(m) return ENDED_MESSAGES[m.status] end

-- Whether an ended message reads as absent.
local function message_gone(m)
  return now >= tonumber(m.ended or m.expires) + MESSAGE_KEPT
end

local function move_message(m, status, changes)
  if not may_move(MESSAGE_MOVES, m.status, status) then
    error('illegal message transition ' .. m.status .. ' to ' .. status)
  end
  changes.status = status
  if ENDED_MESSAGES[status] then
    changes.ended = string.format('%.0f', now)
    redis.call('DEL', key('sealed', m.id))
  end
  write(m, changes)
end

-- An event names how a message was delivered, so it is emitted where the site may learn that (DESIGN rule 7).
local function tell_of_message(m)
  if m.disclose ~= '1' then return end
  emit(m.hooks, m.site, 'message.' .. m.status, {
    id = m.id, user = m.user, purpose = m.purpose, kind = m.kind, status = m.status, channel = m.channel,
    reason = m.reason, reference = m.reference, created = tonumber(m.created), expires = tonumber(m.expires),
    ended = tonumber(m.ended),
  })
end
