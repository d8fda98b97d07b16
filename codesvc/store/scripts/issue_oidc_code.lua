-- Purpose: give the browser that asked for a login the authorisation code for its relying party, once the person has
--   agreed. The code is derived from the login, so asking again gives the same one; only its keyed hash is in the key.
--   `visitors` is 1 if people without a binding may log in. The person's first openid on the account is kept, so that
--   the subject that is derived from it stays when WeChat gives the person another openid.
-- KEYS: intent code
-- ARGS: offset root account appid topic site browser visitors life binding_writes
-- OUTCOMES: done early other stranger ended absent
-- USES: clock names former_site windows record disowning eviction intent moving
-- REPLY done: intent first_openid
-- REPLY early other stranger ended: intent
--   early: the person has not decided; other: another browser asked; stranger: no binding, which the client wants;
--   ended: declined, canceled or expired, the user has lost the binding, or the code has been used or is too old

local r = read_record(K.intent)
if not r or intent_gone(r) or r.site ~= A.site or not r.oidc then return {'absent', now} end
local moving = refusal_while_moving(r.site)
if moving then return moving end
cancel_if_from_before(r)
local asked = cjson.decode(r.oidc)
if asked.browser ~= A.browser then return answer('other', r) end
if LIVE_INTENTS[intent_status(r)] then return answer('early', r) end
if r.status ~= 'approved' and r.status ~= 'unknown' then return answer('ended', r) end
if r.status == 'unknown' and A.visitors ~= '1' then return answer('stranger', r) end

if r.answered then
  local known = redis.call('HMGET', K.code, 'claimed', 'expires', 'first')
  if not known[2] or known[1] or now >= tonumber(known[2]) then return answer('ended', r) end
  return answer('done', r, known[3])
end
local first_at, user = account_key('oidc_first', r.claimed_by), r.user or ''
local first = redis.call('GET', first_at)
if not first then
  first = r.claimed_by
  -- The first openid is kept for ever. The owner of an account could fill the store with people who do not exist, so
  -- it is kept for only so many people without a binding. Where it is not kept, the subject is the same until WeChat
  -- gives the person another openid.
  local visitors = window(key('window', 'binding_writes', r.site, '-visitors'), user == '' and A.binding_writes or '')
  if wait_for(visitors) <= 0 then
    count_event(visitors)
    redis.call('SET', first_at, first)
  end
end
redis.call('HSET', K.code, 'login', r.id, 'request', r.oidc, 'first', first, 'openid', r.claimed_by, 'user', user, 'site', r.site,
  'display', user ~= '' and redis.call('HGET', key('binding', r.site, user), 'display') or '',
  'locale', cjson.decode(r.fixed).locale or 'zh', 'approved', r.ended,
  'client', asked.client, 'expires', string.format('%.0f', now + A.life))
redis.call('PEXPIRE', K.code, tonumber(A.life) + TTL_MARGIN)
write(r, {answered = '1'})
return answer('done', r, first)
