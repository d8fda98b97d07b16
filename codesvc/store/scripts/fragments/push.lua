-- push: decides whether a push to an openid is allowed now, and records it.
-- The reasons are for disclosed verifications only. For others they prevent the push but do not change the answer (rule
-- 7).
-- `pushes.mine` is the user's recent activity, `pushes.theirs` the WeChat's; `pushes.made` is true if the first must be
-- saved. `pushes.double` is true if another start of the same person has had its message just now, `pushes.due` is when
-- a push leaves at the earliest (start.lua).
local pushes = {}
local function open_mine(at)
  pushes.mine = read_recent_activity(at, A.user_pushes, A.openid_pushes)
  open_activity[at] = pushes.mine
  return pushes.mine
end

-- What of the user's own prevents a push, bound or not: the limit's name, or nil. No more than `openid_pushes` can
-- reach the user's WeChat, so that rate is held over the user's pushes too: whose turn it is must not depend on the
-- binding.
local function user_limit(r)
  if pushes.double then return 'double' end
  local mine = pushes.mine or open_mine(key('lately', r.site, r.user))
  if wait_for(mine.times) > 0 then return 'user_pushes' end
  if wait_for(window_in(mine.times.packed, mine.at, A.openid_pushes)) > 0 then return 'openid_pushes' end
  return nil
end

local function why_no_push(r, openid, policy, limit)
  if policy.channels == '' then return 'no-channel' end
  if is_test_openid(openid) then return 'unreachable' end
  if why_unreachable(openid) ~= '' then return 'unreachable' end
  if is_muted(openid) then return 'muted' end
  if limit == 'double' then return 'double-start' end
  if limit then return 'limited', limit end
  pushes.theirs = read_recent_activity(account_key('recent', openid), A.openid_pushes, A.shared_pushes)
  if wait_for(pushes.theirs.times) > 0 then return 'limited', 'openid_pushes' end
  return nil
end

-- The user's turn: a push, or for an undisclosed verification what would be one if the user was bound and could be
-- reached. It is counted alike, because which verification is superseded depends on it.
local function take_turn(r)
  pushes.made = true
  count_event(pushes.mine.times)
  -- Of an earlier push, when this is sent again. A nil in a table of changes would leave them.
  r.due, r.begun = pushes.due and pushes.due > now and pushes.due - r.created or nil, nil
  write(r, {counted = '1', turn = now - r.created})
end

local function push(r, openid, policy)
  take_turn(r)
  count_event(pushes.theirs.times)
  enter(pushes.theirs, string.sub(r.id, 4))
  save_recent_activity(pushes.theirs, tonumber(policy.max_life) + TTL_MARGIN)
  new_delivery(r, string.match(policy.channels, '^[^,]+'), 'queued')
  write(r, {sent_to = openid})
  enqueue(r, 'push', A.appid, r.due and pushes.due - now)
end

-- Without a push: wait for a scan, if a scan is allowed. `limit` is the limit that prevented the push.
local function wait_for_scan(r, reason, limit)
  local detail = limit and reason .. '.' .. limit or reason
  local more_comes = by_gateway(r)
  if not scan_may_bring(r) then
    new_delivery(r, 'scan', 'failed', reason, detail)
    if not more_comes then queue_delivery_event(r, 'verification.failed') end
  else
    -- It is not an error if a user has no binding. For other reasons the page may show why a scan is needed.
    new_delivery(r, 'scan', 'awaiting_scan', reason ~= 'no-binding' and reason or '', detail)
    if reason ~= 'no-binding' and not more_comes then queue_delivery_event(r, 'verification.fell_back') end
  end
  enqueue(r, 'void', A.appid)
end

-- For a test identity nothing is sent or counted. The delivery reads as sent.
local function pretend(r)
  new_delivery(r, 'template', 'sent', 'test')
  write(r, {sent_to = TEST_OPENID .. string.sub(redis.sha1hex(r.site .. '/' .. r.user), 1, 20)})
end

-- `policy` is the purpose's: its channels in order, separated by commas, and max_life in ms; and of a last resort (contact.lua)
-- whether it is used in any case (`shadow`), or because somebody asked a second time (`again`). What the gateway brings takes
-- the user's turn too; past the user's own limits there is none, nor past the contact's (`spent`).
local function deliver(r, openid, policy)
  if is_test(r) then return pretend(r) end
  local own = user_limit(r)
  local reason, limit = 'no-binding', nil
  if openid then reason, limit = why_no_push(r, openid, policy, own) end
  if r.gateway == 'waiting' then
    policy.would = reason or 'push'
    reason = reason or policy.shadow and 'shadow' or policy.again and 'repeated' or nil
    if (own or policy.spent) and policy.shadow ~= nil then r.gateway = 'unused' end
  end
  if not reason then return push(r, openid, policy) end
  if (r.disclose ~= '1' or by_gateway(r)) and not own then take_turn(r) end
  wait_for_scan(r, reason, limit)
end
