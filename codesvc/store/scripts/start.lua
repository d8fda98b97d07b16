-- Purpose: start a verification: limits, live ones of the same person, binding look-up, record, keyword, outbox entry.
--   Of several starts within `push_delay` ms the newest is sent, and a double click costs one message (superseding.lua).
--   Three records are offered, with a normal code and longer ones. Past the site's guess limit a longer one is made, and
--   the longest when half of the blind guesses at the other are used: no budget refuses that one (decision 93).
--   Nothing is written before everything that can refuse has been asked.
--   With a `contact` the start names a last resort, and adds a second outbox entry for it, bound or not (contact.lua).
--   `predecessor`: the page of that verification renews it. This works once; a repeated call returns the same successor.
-- KEYS: predecessor record long_record longest_record idem lately keyword binding address_starts site_starts site_guesses outbox
-- ARGS: contact contact_box predecessor id long_id longest_id idem fingerprint user address fixed vouched keyword event offset root account appid topic site purpose scan disclose_binding attempts push_delay code_life code_max_life resend_after max_live channels site_starts address_starts site_guesses user_pushes openid_pushes shared_pushes hooks
-- OUTCOMES: started repeated ended mismatch limited collision absent
-- USES: clock names former_site windows blind_guesses recent_activity record delivery reachability eviction eligibility webhook verification_events contact fall_back refund sent_verifications push superseding message contact_places contact_start network_share admission renewal
-- REPLY started repeated ended: record long left new_steps
-- REPLY limited: limit wait_ms
--   long: 1 where a longer code was made; absent: the Idempotency-Key's verification is no longer kept, or the predecessor is not
--   ended: the predecessor may start no successor (any more)

local old = A.predecessor ~= '' and read_record(K.predecessor)
if A.predecessor ~= '' then
  if not old or is_gone(old) or old.site ~= A.site then return {'absent', now} end
  local known = old.successor and read_record(record_at(old.successor))
  if known and not is_gone(known) then return answer('repeated', known, 0, starts_left()) end
  if not may_renew(old) then return answer('ended', old) end
end

local refused = refusal(record_at, is_gone)
if refused then return refused end

local guesses = window(K.site_guesses, A.site_guesses)
-- The budget of a site that has never been near it is read from one key.
local long = wait_for(guesses) > 0
  or guesses.most > 0 and guesses.length >= guesses.most and is_half_used(blind_guesses(A.site, A.purpose, A.id))
local id, at = A.id, K.record
if long then
  id, at = A.long_id, K.long_record
  if is_half_used(blind_guesses(A.site, A.purpose, id)) then id, at = A.longest_id, K.longest_record end
end
if redis.call('EXISTS', at) == 1 or (A.keyword ~= '' and redis.call('EXISTS', K.keyword) == 1) then
  return {'collision', now}
end

count_start()
time_of_loss(A.site, A.user, 'at')
if old then
  if status_of(old) == 'pending' then end_as(old, 'superseded') end
  write(old, {successor = id})
  wake(old)
end

-- An unclaimed verification cannot supersede a claimed one, so claimed ones are left out. Other addresses have
-- verifications of their own.
-- An entry of the user's recent activity has two bytes for purpose and address, the latest possible end in s, and the
-- id. An entry that is removed from there while it is live is added to a list for its purpose and address. So a start
-- reads a limited number of entries and misses none, even if there are many starts from many addresses for this user.
-- `mine.scattered` says that such lists were made: without it no list is read.
local mine = open_mine(K.lately)
local group = struct.pack('>I2', tonumber(string.sub(redis.sha1hex(A.purpose .. '/' .. A.address), 1, 4), 16))
local live = {}
local function is_live(id)
  local other = read_record(record_at(id))
  if not other or status_of(other) ~= 'pending' or is_claimed(other) then return false end
  if other.purpose == A.purpose and other.address == A.address then live[#live + 1] = other end
  return true
end
local elsewhere = key('live', A.site, A.purpose, A.address, A.user)
for _, other in ipairs(mine.scattered and redis.call('LRANGE', elsewhere, 0, -1) or {}) do
  if not is_live(other) then redis.call('LREM', elsewhere, 1, other) end
end
for _, entry in ipairs(mine.entries) do
  if string.sub(entry, 1, 2) == group then is_live('vf_' .. string.sub(entry, 7)) end
end
-- The one whose code is the newest in the person's chat; nil if this start takes its push over.
local latest = join_burst(latest_turn(live))
supersede(live, latest)
local dropped = enter(mine, group .. struct.pack('>I4', math.ceil((now + A.code_max_life) / 1000)) .. string.sub(id, 4))
if dropped and struct.unpack('>I4', dropped, 3) * 1000 > now then
  local other = read_record(record_at('vf_' .. string.sub(dropped, 7)))
  if other and status_of(other) == 'pending' and not is_claimed(other) then
    local list = key('live', other.site, other.purpose, other.address, other.user)
    redis.call('RPUSH', list, other.id)
    redis.call('PEXPIRE', list, tonumber(A.code_max_life) + TTL_MARGIN)
    mine.scattered = true
  end
end

local r = {at = at, held = true, long = long and '1' or nil}
write(r, {
  id = id, site = A.site, user = A.user, purpose = A.purpose, address = A.address, fixed = A.fixed,
  scan = A.scan, vouched = A.vouched, disclose_binding = A.disclose_binding, keyword = A.keyword, status = 'pending',
  attempts = tonumber(A.attempts), attempts_left = tonumber(A.attempts), created = now, expires = now + A.code_life,
  code_max_life = tonumber(A.code_max_life), code_life = tonumber(A.code_life), resend_at = now + A.resend_after, hooks = A.hooks,
  predecessor = old and old.id or nil,
})
local contact = A.contact ~= '' and cmsgpack.unpack(A.contact) or nil
local policy = {channels = A.channels, code_max_life = A.code_max_life}
if contact then open_contact(r, contact, policy) end
if A.keyword ~= '' then redis.call('SET', K.keyword, 'vf:' .. id, 'PX', tonumber(A.code_max_life) + TTL_MARGIN) end
deliver(r, redis.call('HGET', K.binding, 'openid'), policy)
save_recent_activity(mine, tonumber(A.code_max_life) + KEPT_AFTER_END + TTL_MARGIN)
-- The answer to a repeated start is the state at this moment, even if it changes later.
if A.idem ~= '' then
  write(r, {first = table.concat({r.expires, r.resend_at, r.channel, r.delivery, r.reason}, ' '), first_gateway = r.gateway})
end
if contact then keep_contact(r, contact, policy.would, A.contact_box) end
save(r, tonumber(A.code_max_life) + KEPT_AFTER_END + TTL_MARGIN)
remember_start(id)
return answer('started', r, long and 1 or 0, starts_left())
