-- refund: gives back what a push has counted, if it is voided before it is sent: by a newer start, because its
-- verification ended or was claimed, or because it may no longer be sent. Fields of the record:
--   counted: '1' while both counts can be given back, the user's and the WeChat account's; 'user' once only the user's
--   turn: when the push was counted; due: when it is sent at the earliest, if not at once; both in ms since the start
--   begun: set from the moment that the push is handed to WeChat, until WeChat is known not to have taken it
-- Which verification is superseded shows a caller whether the user's count was given back, and that must not show
-- whether the user is bound (rule 7). An undisclosed verification has counted for the user even if it is not pushed
-- (push.lua). So its count can be given back until the push would be due, and no longer: also if the push still waits
-- then, for WeChat or its random moment. The WeChat account's count shows nothing.
local function is_not_sent(r) return r.delivery == 'queued' and r.begun ~= '1' end
local function may_refund(r)
  if r.disclose_binding == '1' and r.delivery == 'queued' then return is_not_sent(r) end
  return now < r.created + tonumber(r.due or r.turn)
end

-- Activities that start.lua has read, by key: it saves them at its end.
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
