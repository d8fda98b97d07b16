-- Purpose: check a typed code. The caller has compared the code; `verdict` is the result. The script decides whether it
--   counts: expiry, guess budgets, whether the code was sent to a WeChat account, and whether that WeChat account may
--   approve this user. Scripts run one after the other, so of two correct checks at once exactly one is approved.
-- KEYS: record idem outbox
-- ARGS: verdict idem fingerprint address event return_hash offset root account appid topic site user_guesses address_guesses site_guesses return_purposes
-- OUTCOMES: approved wrong ended limited absent mismatch
-- USES: clock names former_site windows blind_guesses recent_activity record delivery reachability eviction eligibility webhook verification_events contact contact_places refund moving
-- REPLY approved wrong: record repeated left new_steps
-- REPLY ended: record _ _ new_steps
-- REPLY limited: limit wait_ms
--   wrong: the attempt was taken; repeated: 1 where this Idempotency-Key has had its answer before, and nothing was
--   taken

local moving = refusal_while_moving(A.site)
if moving then return moving end
local earlier = earlier_call(A.site, 'outcome', 'left')
if earlier[1] and earlier[1] ~= A.fingerprint then return {'mismatch', now} end
local r = read_record(K.record)
if not r or is_gone(r) or r.site ~= A.site then return {'absent', now} end
cancel_void_approval(r)

local address = A.address ~= '' and A.address or r.address
local user_guesses = window(key('window', 'user_guesses', r.site, r.user), A.user_guesses)
-- Whoever is reached by a contact alone has no scan that would lift this budget.
local user_rates = r.contact and r.known ~= '1' and for_strangers(A.user_guesses) or A.user_guesses
local function guesses_of_user() return window_in(user_guesses.packed, user_guesses.at, user_rates) end
local m = r.contact and not is_claimed(r) and read_record(key('message', r.contact))
local contact_budgets = m and contact_guesses(m, r.known) or {}
local address_rates = address ~= '-' and A.address_guesses or ''
local address_guesses = window(key('window', 'address_guesses', r.site, address), address_rates)
local function guesses_left()
  local left = left_of(guesses_of_user())
  for _, each in ipairs(contact_budgets) do left = fewer(left, left_of(each)) end
  return left .. ',' .. left_of(address_guesses)
end

-- A call that is repeated under its key gets its first answer, and costs nothing. A wrong one gets it within the code's
-- life, whatever has ended the verification since. An answer is of no use without its verification, so it is kept no
-- longer.
if earlier[2] == 'approved' and r.status == 'approved' then
  return answer('approved', r, 1, guesses_left())
end
if earlier[2] == 'wrong' and not is_over(r.created, r.expires) then
  r.attempts_left = tonumber(earlier[3])
  r.packed = packed_of(r)
  return answer('wrong', r, 1, guesses_left())
end
local function keep_answer(outcome, left)
  if A.idem == '' then return end
  note_call('outcome', outcome, unpack(left or {}))
  redis.call('PEXPIRE', K.idem, redis.call('PTTL', K.record))
end
if status_of(r) ~= 'pending' then return answer('ended', r) end

-- A verification that the bound WeChat account has claimed does not use the budgets that strangers can exhaust: that of
-- the user, and that of an IP address which many people share (rule 3). Its limit is the number of attempts, which the
-- first authentic claim by the owner resets (claim.lua).
local owner = owner_of(r)
local claimed_by_owner = is_claimed(r) and owner == r.claimed_by
-- Past the site's guess budget, guesses at codes that nobody has claimed by a scan are blind. They have a budget for
-- each code format, and a code of normal length takes one of them. Otherwise every attempt of every live code would be
-- left to an attacker with many addresses (codesvc.domain.guessing).
local site_guesses = window(key('window', 'site_guesses', r.site, r.purpose), A.site_guesses)
local site_wait = is_claimed(r) and 0 or wait_for(site_guesses)
local blind = site_wait > 0 and blind_guesses(r.site, r.purpose, r.id) or nil
if not claimed_by_owner then
  local limit, wait = 'user_guesses', wait_for(guesses_of_user())
  for _, each in ipairs(contact_budgets) do wait = math.max(wait, wait_for(each)) end
  if wait <= 0 then limit, wait = 'address_guesses', wait_for(address_guesses) end
  -- A code of normal length that has had its blind guess waits for the site's guess budget.
  if wait <= 0 and blind then limit, wait = 'site_guesses', r.blind == '1' and site_wait or wait_for(blind) end
  if wait > 0 then
    write(r, {trail = with_step(r, 'refused', limit)})
    return {'limited', now, limit, wait}
  end
end

-- Before a delivery is queued or a scan claimed, and after "this was not me", every code counts as wrong (rule 5).
local basis = r.sent_to and basis_for(r, r.sent_to) or nil
-- The gateway has brought the same code. It proves that the contact is the person's only if no WeChat account had the
-- code too.
if is_handed(r) then basis = is_in_wechat(r) and 'either' or 'contact' end
if r.disarmed == '1' or (not is_test(r) and is_from_before(r)) then basis = nil end
if A.verdict == '1' and basis then
  r.held = true
  -- The hosted page's proof is then given for the key with this hash alone.
  local returned = A.return_hash ~= '' and string.find(',' .. A.return_purposes .. ',', ',' .. r.purpose .. ',', 1, true)
  write(r, {basis = basis, approved = now, return_hash = returned and A.return_hash or nil})
  end_and_refund(r, 'approved')
  keep_answer('approved')
  if r.contact then redis.call('DEL', key('asked_again', r.site, r.user)) end
  if basis == 'contact' then remember_place(read_record(key('message', r.contact))) end
  -- The bound WeChat account is informed of every finished reset (rule 6).
  if r.purpose == 'reset' and owner and not is_test(r) then
    redis.call('XADD', K.outbox, '*', 'kind', 'reset_done', 'id', r.id, 'number', 0, 'account', A.appid)
  end
  queue_verification_event(r, 'verification.approved')
  save(r)
  wake(r)
  return answer('approved', r, 0, guesses_left())
end

if not claimed_by_owner then
  count_event(user_guesses)
  for _, each in ipairs(contact_budgets) do
    if each.alone then count_event(each) end
  end
  count_event(address_guesses)
end
count_event(site_guesses)
r.held = true
if blind then
  count_event(blind)
  if r.long ~= '1' then r.blind = '1' end
end
write(r, {attempts_left = r.attempts_left - 1, trail = with_step(r, 'wrong')})
if tonumber(r.attempts_left) <= 0 then
  end_and_refund(r, 'exhausted')
  queue_verification_event(r, 'verification.exhausted')
end
save(r)
keep_answer('wrong', {'left', r.attempts_left})
wake(r)
return answer('wrong', r, 0, guesses_left())
