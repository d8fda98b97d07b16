-- Purpose: start a verification: limits, live ones of the same person, binding look-up, record, word, outbox entry.
--   Two records are offered, with a normal and a longer code; past the site's guess limit the longer one is made.
--   Nothing is written before everything that can refuse has been asked.
-- KEYS: record long_record idem live lately word binding address_starts site_starts site_guesses outbox
-- ARGS: id long_id idem fingerprint user address fixed vouched word event offset root account appid channel site purpose scan disclose attempts code_life max_life resend_after max_live channels site_starts address_starts site_guesses user_pushes openid_pushes hooks
-- OUTCOMES: started repeated mismatch limited collision absent
-- USES: clock names windows record delivery eligibility webhook occasion push admission
--   started, repeated: {outcome, now, record, alarm, left}; alarm is 1 where the longer code was made
--   limited: {outcome, now, limit, wait in ms}; absent: the Idempotency-Key's verification is no longer kept

local refused = refusal('record', is_gone)
if refused then return refused end

local long = wait_for(K.site_guesses, A.site_guesses) > 0
local id, at = A.id, K.record
if long then id, at = A.long_id, K.long_record end
if redis.call('EXISTS', at) == 1 or (A.word ~= '' and redis.call('EXISTS', K.word) == 1) then
  return {'collision', now}
end

count_start()

-- A claimed verification is not in this set, so an unclaimed one cannot supersede it; and another address has its own.
local live = {}
for _, other in ipairs(redis.call('ZRANGE', K.live, 0, -1)) do
  local r = read_record(record_at(other))
  if r and status_of(r) == 'pending' then live[#live + 1] = r else redis.call('ZREM', K.live, other) end
end
for i = 1, #live - tonumber(A.max_live) + 1 do
  end_as(live[i], 'superseded')
  wake(live[i])
end
redis.call('ZADD', K.live, now, id)
redis.call('PEXPIRE', K.live, tonumber(A.max_life) + TTL_MARGIN)

local r = {at = at, held = true}
write(r, {
  id = id, site = A.site, user = A.user, purpose = A.purpose, address = A.address, fixed = A.fixed,
  scan = A.scan, vouched = A.vouched, disclose = A.disclose, word = A.word, status = 'pending',
  attempts = tonumber(A.attempts), attempts_left = tonumber(A.attempts), created = now, expires = now + A.code_life,
  latest = now + A.max_life, life = tonumber(A.code_life), resend_at = now + A.resend_after, hooks = A.hooks,
})
-- How an operator finds what a person asks about.
if redis.call('LPUSH', K.lately, id) > 20 then redis.call('LTRIM', K.lately, 0, 19) end
redis.call('PEXPIRE', K.lately, tonumber(A.max_life) + KEPT_AFTER_END + TTL_MARGIN)
if A.word ~= '' then redis.call('SET', K.word, 'vf:' .. id, 'PX', tonumber(A.max_life) + TTL_MARGIN) end
deliver(r, redis.call('HGET', K.binding, 'openid'))
-- What a repeated start answers: this moment, whatever has happened since.
if A.idem ~= '' then write(r, {first = table.concat({r.expires, r.resend_at, r.channel, r.delivery, r.reason}, ' ')}) end
save(r)
redis.call('PEXPIRE', at, tonumber(A.max_life) + KEPT_AFTER_END + TTL_MARGIN)
remember_start(id)
return answer('started', r, long and 1 or 0, starts_left())
