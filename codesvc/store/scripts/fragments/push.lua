-- push: decides whether a push to an openid is allowed now, and records it.
-- The reason of a refusal is shown for disclosed verifications only. For others it prevents the push, but the answer is
-- the same as without it (rule 7).
-- `pushes` has values that several fragments share:
--   mine, theirs: the recent activity of the user, and of the WeChat account
--   made: true if `mine` has changed and must be saved
--   double: true if another start of the same user got its message less than DOUBLE_START ms ago
--   due: when the push may be sent at the earliest, ms (superseding.lua sets `double` and `due`)
local pushes = {}
local function open_mine(at)
  pushes.mine = read_recent_activity(at, A.user_pushes, A.openid_pushes)
  open_activity[at] = pushes.mine
  return pushes.mine
end

-- Why the user's own history does not allow a push, with or without a binding: 'double' for a double start, or the
-- limit that is reached ('user_pushes', 'openid_pushes'); nil if it allows one. The bound WeChat account never gets
-- more pushes than `openid_pushes`. So this rate applies to the pushes of the user, too: the result must not depend on
-- the binding.
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
  if wait_for(pushes.theirs.times) > 0 or sent_wait(pushes.theirs, openid) > 0 then return 'limited', 'openid_pushes' end
  return nil
end

-- Count a push for the user. An undisclosed verification is counted even if it cannot be pushed, because these counts
-- decide which verification is superseded, and that must not show whether the user is bound.
local function count_user_push(r)
  pushes.made = true
  count_event(pushes.mine.times)
  -- WeChat may have taken an earlier push whose result is not recorded yet, and its record will be stale.
  if r.begun == '1' then r.taken = r.taken or tostring(r.number) end
  -- Removes the values of an earlier push, if this is a resend. `write` cannot: a table cannot hold a nil.
  r.due, r.begun = pushes.due and pushes.due > now and pushes.due - r.created or nil, nil
  write(r, {counted = '1', turn = now - r.created})
end

local function push(r, openid, policy)
  count_user_push(r)
  count_event(pushes.theirs.times)
  enter_sent(pushes.theirs, openid, r.id)
  save_recent_activity(pushes.theirs, tonumber(policy.code_max_life) + TTL_MARGIN)
  new_delivery(r, string.match(policy.channels, '^[^,]+'), 'queued')
  write(r, {sent_to = openid})
  enqueue(r, 'push', A.appid, r.due and pushes.due - now)
end

-- Without a push: wait for a scan, if a scan is allowed. `limit` is the limit that prevented the push.
local function wait_for_scan(r, reason, limit)
  local detail = limit and reason .. '.' .. limit or reason
  local gateway_may_deliver = by_gateway(r)
  if not scan_may_bring(r) then
    new_delivery(r, 'scan', 'failed', reason, detail)
    if not gateway_may_deliver then queue_delivery_event(r, 'verification.failed') end
  else
    -- It is not an error if a user has no binding. For other reasons the page may show why a scan is needed.
    new_delivery(r, 'scan', 'awaiting_scan', reason ~= 'no-binding' and reason or '', detail)
    if reason ~= 'no-binding' and not gateway_may_deliver then queue_delivery_event(r, 'verification.fell_back') end
  end
  enqueue(r, 'void', A.appid)
end

-- For a test identity nothing is sent or counted. The delivery reads as sent.
local function pretend(r)
  new_delivery(r, 'template', 'sent', 'test')
  write(r, {sent_to = TEST_OPENID .. string.sub(redis.sha1hex(r.site .. '/' .. r.user), 1, 20)})
end

-- Start the delivery of a verification. `policy` has the purpose's `channels` (in order, separated by commas) and
-- `code_max_life` (ms). For a verification with a last resort (contact.lua) it also has:
--   shadow: WeChat is left out, and the gateway is always used. `would` gets what WeChat would do.
--   again: the person asked a second time, so the gateway is used
--   spent: the limit of the recipient is reached, so no gateway is used; only a start looks at it
-- A code by the gateway counts for the user like a push. It is limited by the recipient alone, whose limit strangers
-- cannot use up (contact_places.lua): the user's limit they can.
local function deliver(r, openid, policy)
  if is_test(r) then return pretend(r) end
  local own = user_limit(r)
  local reason, limit = 'no-binding', nil
  if openid then reason, limit = why_no_push(r, openid, policy, own) end
  if r.gateway == 'waiting' then
    policy.would = reason or 'push'
    reason = reason or policy.shadow and 'shadow' or policy.again and 'repeated' or nil
    if own == 'double' or policy.spent then r.gateway = 'unused' end
  end
  if not reason then return push(r, openid, policy) end
  if (r.disclose_binding ~= '1' or by_gateway(r)) and not own then count_user_push(r) end
  wait_for_scan(r, reason, limit)
end
