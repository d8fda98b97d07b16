-- refund: gives back what a push has counted, if it is voided before it is sent: by a newer start, because its
-- verification ended or was claimed, or because it may no longer be sent. While it can be given back, a record has
-- `counted`: '1', or 'user' once the WeChat account's count was given back alone. `turn` is when it was counted, and
-- `due` when it is sent at the earliest, both in ms since the start. `begun` is set from the moment it is handed to
-- WeChat until WeChat is known not to have taken it.
-- An undisclosed verification that is not pushed has counted for the user too (push.lua). It is treated as if it was
-- sent when due, and so is one whose push still waits then, for WeChat or its random moment: a caller can see by which
-- verification is superseded whether the user's count was given back (rule 7). The WeChat account's count shows
-- nothing.
local function is_not_sent(r) return r.delivery == 'queued' and r.begun ~= '1' end
local function may_refund(r)
  if r.disclose_binding == '1' and r.delivery == 'queued' then return is_not_sent(r) end
  return now < r.created + tonumber(r.due or r.turn)
end

-- What is open already, by its key: start.lua saves it at its end.
local open_activity = {}
local function take_back(at, counted_at)
  local g = open_activity[at] or read_recent_activity(at, '')
  if withdraw_event(g.times, counted_at) and not open_activity[at] then save_recent_activity(g, 0) end
end

-- Returns whether anything was given back; then the record must be written.
local function refund(r)
  if not r.counted then return false end
  local counted_at, theirs, mine = r.created + r.turn, r.counted == '1' and is_not_sent(r), may_refund(r)
  if theirs then
    take_back(account_key('recent', r.sent_to), counted_at)
    r.counted = 'user'
  end
  if mine then
    take_back(key('lately', r.site, r.user), counted_at)
    r.counted, r.turn, r.due = nil, nil, nil
  end
  return theirs or mine
end

-- End a verification whose push may still wait.
local function end_and_refund(r, status)
  refund(r)
  end_as(r, status)
end
