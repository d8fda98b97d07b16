-- Purpose: what a scan, or the keyword sent in the chat, does: give the code to this openid if it may have it.
--   A scene is claimed once; its claimer may come again and gets the same answer. A refused one does not use it up.
--   `reply` is 1 where the code stands in the HTTP answer, which makes it sent; otherwise it leaves as a
--   customer-service message (rule 9). A person who does this may be sent such messages for `window` ms, as in
--   note_activity; one who has just followed (`followed` 1) can be reached, as in follow. `by`: scene or keyword;
--   `forgeable`: 1 where anybody may have made the event (rule 9).
-- KEYS: pointer keyword_window seen outbox spoke gone leavers
-- ARGS: offset root account appid topic openid by reply keyword_rates window followed forgeable pushes
-- OUTCOMES: claimed refused ended absent limited other
-- USES: clock names former_site windows spoken_window keyword_rates newcomers recent_activity record delivery reachability eviction eligibility refund sent_verifications
-- REPLY claimed ended: record _ _ new_steps
-- REPLY limited: limit wait_ms
-- REPLY other: target
--   ended: only for a person who claimed it or was sent its code; target: the id that the pointer leads to

if A.followed == '1' then
  redis.call('DEL', K.gone)
  redis.call('ZREM', K.leavers, A.openid)
end
local forgeable = A.forgeable == '1'
if not forgeable then note_presence(A.openid) end

-- WeChat repeats a callback up to three times; it is counted once.
local first_time = redis.call('SET', K.seen, '1', 'NX', 'PX', SEEN_KEPT)
local target = redis.call('GET', K.pointer)
local noted = may_open(K.spoke, A.window)
if noted and window_ends(K.spoke) < now + A.window then open_window(K.spoke, tonumber(A.window)) end
local kind, id = string.match(target or '', '^(%l+):(.+)$')
local r = id and read_record(kind == 'vf' and record_at(id) or key('intent', id))
-- A scan that could be forged sends the person a question each time, so it counts like a keyword.
local counted = A.by == 'keyword' or (forgeable and kind and kind ~= 'vf')
if counted and first_time then
  local sent = keyword_window(K.keyword_window, A.keyword_rates)
  local wait = r and keyword_wait(sent, A.keyword_rates, r.site) or guess_wait(sent, A.keyword_rates)
  -- No room is left for a mark of this openid: its events could not be counted, and so not limited.
  if not noted then wait = math.max(wait, until_room()) end
  if wait > 0 then
    redis.call('DEL', K.seen)
    return {'limited', now, 'openid_keywords', wait}
  end
  count_event(sent)
end

if not target then return {'absent', now} end
if kind ~= 'vf' then return {'other', now, target} end
if not r or is_gone(r) then return {'absent', now} end

local mine = r.claimed_by == A.openid or r.sent_to == A.openid
if status_of(r) ~= 'pending' then
  if mine then return answer('ended', r) end
  return {'absent', now}
end
local basis = r.scan ~= 'off' and basis_for(r, A.openid)
if not basis or (r.claimed_by and r.claimed_by ~= A.openid) or r.disarmed == '1' then
  write(r, {trail = with_step(r, 'turned_away', r.disarmed == '1' and 'disowned' or not basis and 'not-entitled' or 'another')})
  return {'refused', now}
end

-- A scan that was refused before may be accepted now, because the user has been bound since. Then it is a new claim.
local anew = first_time or not r.claimed_by
if not r.claimed_by or (not forgeable and not is_claimed(r)) then
  local theirs = read_recent_activity(account_key('recent', A.openid), '', widest_of(A.pushes))
  local wait = sent_wait(theirs, A.openid)
  -- Messages that a forger can cause stay within the budget of the WeChat account to which they are sent.
  if forgeable then wait = math.max(wait, keyword_wait(theirs.times, A.pushes, r.site)) end
  if wait > 0 then
    redis.call('DEL', K.seen)
    return {'limited', now, 'openid_pushes', wait}
  end
  if forgeable then
    count_event(theirs.times)
    -- Nothing is refunded then: a forged claim in the place of a push must not free what the push has counted.
    r.counted = nil
  end
  open_activity[theirs.at] = theirs
  refund(r)
  r.unsigned = forgeable and '1' or nil
  -- A forged claim must not show whether this WeChat account is the user's (rule 7).
  local shown_basis = not (forgeable and basis == 'bound') and basis or nil
  write(r, {
    claimed_by = A.openid, claimed_basis = shown_basis, sent_to = A.openid,
    expires = math.min(now + r.code_life, r.created + r.code_max_life),
  })
  -- The owner gets the full number of attempts, even if others have guessed before (rule 3).
  if basis == 'bound' and not forgeable then write(r, {attempts_left = r.attempts}) end
  enter_sent(theirs, A.openid, r.id)
  save_recent_activity(theirs, r.created + r.code_max_life - now + TTL_MARGIN)
end
if anew and r.delivery ~= 'scanned' then
  if not forgeable then refund(r) end
  new_delivery(r, A.reply == '1' and 'reply' or 'customer_service', 'scanned')
  if A.reply ~= '1' then enqueue(r, 'scan', A.appid) end
end
local replied = A.reply == '1' and r.delivery == 'scanned'
if replied then move_delivery(r, 'sent', {}) end
if replied or anew then wake(r) end
return answer('claimed', r)
