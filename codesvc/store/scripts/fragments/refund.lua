-- refund: gives back what a push has counted, if it is voided before it is sent: by a newer start, because its
-- verification ended or was claimed, or because it may no longer be sent. While it can be given back, a record has
-- `counted`; `turn` is when it was counted, and `due` when it is sent at the earliest, both in ms since the start.
-- `begun` is set from the moment it is handed to WeChat until WeChat is known not to have taken it.
-- An undisclosed verification that is not pushed has counted too (push.lua). It is treated as if it was sent when due.
local function may_refund(r)
  if r.counted ~= '1' then return false end
  if r.delivery == 'queued' then return r.begun ~= '1' end
  return now < r.created + tonumber(r.due or r.turn)
end

-- What is open already, by its key: start.lua saves it at its end.
local open_activity = {}
local function take_back(at, counted_at)
  local g = open_activity[at] or read_recent_activity(at, '')
  if withdraw_event(g.times, counted_at) and not open_activity[at] then save_recent_activity(g, 0) end
end

local function refund(r)
  if not may_refund(r) then return false end
  local counted_at = r.created + r.turn
  take_back(key('lately', r.site, r.user), counted_at)
  if r.delivery == 'queued' then take_back(account_key('recent', r.sent_to), counted_at) end
  r.counted, r.turn, r.due = nil, nil, nil
  return true
end

-- End a verification whose push may still wait.
local function end_and_refund(r, status)
  refund(r)
  end_as(r, status)
end
