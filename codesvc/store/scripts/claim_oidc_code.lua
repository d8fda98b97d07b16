-- Purpose: a relying party that has authenticated itself hands in its authorisation code: exactly one call gets what is
--   behind it. If the code comes again, the access token that it gave is revoked (RFC 6749 section 4.1.2). The code of
--   another client stays as it is. `kept` is how long a code is remembered: the life of an access token.
-- KEYS: code
-- ARGS: offset root account site client kept audit_kept audit_lines
-- OUTCOMES: done spent absent
-- USES: clock names former_site disowning eviction audit
-- REPLY done: login request first_openid user display locale approved
-- REPLY spent: login

local c = {}
local flat = redis.call('HGETALL', K.code)
for i = 1, #flat, 2 do c[flat[i]] = flat[i + 1] end
if not c.client or c.client ~= A.client then return {'absent', now} end
if c.claimed then
  if not c.replayed then audit('codesvc', 'oidc.code_replayed', {site = A.site, detail = c.login}) end
  redis.call('HSET', K.code, 'replayed', '1')
  if c.token then redis.call('DEL', c.token) end
  return {'spent', now, c.login}
end
local void = has_lost_since_approval(A.site, c.user, c.approved) or (c.openid and has_disowned(c.openid, c.approved))
if is_over(c.approved, c.expires) or void then return {'absent', now} end
redis.call('HSET', K.code, 'claimed', '1')
redis.call('PEXPIRE', K.code, tonumber(A.kept) + TTL_MARGIN)
return {'done', now, c.login, c.request, c.first, c.user, c.display, c.locale, tonumber(c.approved)}
