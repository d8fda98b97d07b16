-- Purpose: start a bind intent or a login: limits, record, keyword. It counts as a start of its site and address.
-- KEYS: intent idem word site_starts address_starts
-- ARGS: offset root account channel id kind idem fingerprint site user display method replace many notices confirm address fixed reference word life site_starts address_starts hooks
-- OUTCOMES: started repeated mismatch limited collision absent
-- USES: clock names windows record intent admission
-- REPLY started repeated: intent _ left
-- REPLY limited: limit wait_ms

local refused = refusal('intent', intent_gone)
if refused then return refused end

if redis.call('EXISTS', K.intent) == 1 or (A.word ~= '' and redis.call('EXISTS', K.word) == 1) then
  return {'collision', now}
end
count_start()

local r = {at = K.intent}
write(r, {
  id = A.id, kind = A.kind, site = A.site, user = A.user, display = A.display, method = A.method, replace = A.replace, many = A.many,
  notices = A.notices, confirm = A.confirm, fixed = A.fixed, reference = A.reference, word = A.word, status = 'pending',
  hooks = A.hooks,
  created = now, expires = now + A.life,
})
redis.call('PEXPIRE', K.intent, tonumber(A.life) * 2 + KEPT_AFTER_END + TTL_MARGIN)
if A.word ~= '' then redis.call('SET', K.word, A.kind .. ':' .. A.id, 'PX', tonumber(A.life) + TTL_MARGIN) end
remember_start(A.id)
return answer('started', r, 0, starts_left())
