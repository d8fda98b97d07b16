-- Purpose: start a bind intent or a login: limits, record, word. It counts as a start of its site and address.
-- KEYS: intent idem word site_starts address_starts
-- ARGS: offset root account channel id kind idem fingerprint site user method replace many notices confirm address fixed reference word life site_starts address_starts
-- OUTCOMES: started repeated mismatch limited collision absent
-- USES: clock names windows record intent
--   started, repeated: {outcome, now, intent, 0}; limited: {outcome, now, limit, wait in ms}

if A.idem ~= '' then
  local known = redis.call('HMGET', K.idem, 'fingerprint', 'id')
  if known[1] and known[1] ~= A.fingerprint then return {'mismatch', now} end
  if known[1] then
    local repeated = read_record(key('intent', known[2]))
    if repeated and not intent_gone(repeated) then return answer('repeated', repeated) end
    return {'absent', now}
  end
end

local wait = wait_for(K.site_starts, A.site_starts)
if wait > 0 then return {'limited', now, 'site_starts', wait} end
if A.address ~= '-' then
  wait = wait_for(K.address_starts, A.address_starts)
  if wait > 0 then return {'limited', now, 'address_starts', wait} end
end
if redis.call('EXISTS', K.intent) == 1 or (A.word ~= '' and redis.call('EXISTS', K.word) == 1) then
  return {'collision', now}
end
count_event(K.site_starts, A.site_starts)
if A.address ~= '-' then count_event(K.address_starts, A.address_starts) end

local r = {at = K.intent}
write(r, {
  id = A.id, kind = A.kind, site = A.site, user = A.user, method = A.method, replace = A.replace, many = A.many,
  notices = A.notices, confirm = A.confirm, fixed = A.fixed, reference = A.reference, word = A.word, status = 'pending',
  created = now, expires = now + A.life,
})
redis.call('PEXPIRE', K.intent, tonumber(A.life) * 2 + KEPT_AFTER_END + TTL_MARGIN)
if A.word ~= '' then redis.call('SET', K.word, A.kind .. ':' .. A.id, 'PX', tonumber(A.life) + TTL_MARGIN) end
if A.idem ~= '' then
  redis.call('HSET', K.idem, 'fingerprint', A.fingerprint, 'id', A.id)
  redis.call('PEXPIRE', K.idem, 86400000)
end
return answer('started', r)
