-- Purpose: start a bind intent or a login: check the limits, and write the record and the keyword. It counts as a start
--   of the site and of the IP address. A login of an app is started without a key, so it also counts for the network
--   and the provider's block of the address (codesvc.service.start_lanes).
--   `predecessor`: the page of that intent renews it. This works once; a repeated call returns the same successor.
-- KEYS: predecessor intent idem keyword site_starts address_starts network_starts region_starts
-- ARGS: predecessor offset root account topic id kind idem fingerprint site user display method replace many notices confirm address fixed reference keyword life site_starts address_starts network_starts region_starts hooks stranger oidc writes
-- OUTCOMES: started repeated ended mismatch limited collision absent
-- USES: clock names former_site windows record eviction intent network_share admission renewal
-- REPLY started repeated ended: intent _ left
-- REPLY limited: limit wait_ms
--   absent: the intent of the Idempotency-Key, or the predecessor, is no longer kept
--   ended: the predecessor cannot be renewed, or not any more
--   `stranger`: 1 for a start without a key by an unknown person. Its QR code is not charged to the guaranteed share of
--   a site (quota.lua).
--   `oidc`: a relying party's request (codesvc.domain.oidc_request), '' for none. A successor answers the same request
--   and expires no later than its predecessor, because the relying party does not wait longer.

local old = A.predecessor ~= '' and read_record(K.predecessor)
if A.predecessor ~= '' then
  if not old or intent_gone(old) or old.site ~= A.site then return {'absent', now} end
  local known = old.successor and read_record(intent_at(old.successor))
  if known and not intent_gone(known) then return answer('repeated', known, 0, starts_left()) end
  if not may_renew_intent(old) then return answer('ended', old) end
end

local refused = refusal(intent_at, intent_gone)
if refused then return refused end
local of_network, of_region = window(K.network_starts, A.network_starts), window(K.region_starts, A.region_starts)
if wait_for(of_network) > 0 then return {'limited', now, 'address_starts', wait_for(of_network)} end
if wait_for(of_region) > 0 then return {'limited', now, 'site_starts', wait_for(of_region)} end

if redis.call('EXISTS', K.intent) == 1 or (A.keyword ~= '' and redis.call('EXISTS', K.keyword) == 1) then
  return {'collision', now}
end
count_start()
count_event(of_network)
count_event(of_region)
if old then
  if intent_status(old) == 'scanned' then move_intent(old, 'canceled', {}) end
  write(old, {successor = A.id})
  wake(old)
end

local asked, expires = A.oidc ~= '' and A.oidc or nil, now + A.life
if old and old.oidc then asked, expires = old.oidc, math.min(expires, tonumber(old.expires)) end
local r = {at = K.intent}
write(r, {
  id = A.id, kind = A.kind, site = A.site, user = A.user, display = old and old.display or A.display, method = A.method, replace = A.replace, many = A.many,
  notices = A.notices, confirm = A.confirm, fixed = A.fixed, reference = A.reference, word = A.keyword, status = 'pending',
  hooks = A.hooks, writes = A.kind == 'bi' and A.writes or nil, oidc = asked, stranger = A.stranger == '1' and '1' or nil,
  created = now, expires = expires, predecessor = old and old.id or nil,
})
redis.call('PEXPIRE', K.intent, tonumber(A.life) * 2 + intent_kept(r) + TTL_MARGIN)
if A.keyword ~= '' then redis.call('SET', K.keyword, A.kind .. ':' .. A.id, 'PX', tonumber(A.life) + TTL_MARGIN) end
remember_start(A.id)
return answer('started', r, 0, starts_left())
