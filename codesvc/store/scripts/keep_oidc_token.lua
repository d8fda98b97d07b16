-- Purpose: keep an access token that an authorisation code gave, unless the code came again or the user lost the
--   binding in the meantime. `content` is what the token lets its client read.
-- KEYS: code token
-- ARGS: offset root content life
-- OUTCOMES: done spent
-- USES: clock names former_site eviction

local code = redis.call('HMGET', K.code, 'claimed', 'replayed', 'site', 'user', 'approved')
if not code[1] or code[2] or has_lost_since_approval(code[3], code[4], code[5]) then return {'spent', now} end
redis.call('HSET', K.token, 'site', code[3] or '', 'user', code[4] or '', 'approved', code[5] or '',
  'content', A.content, 'expires', string.format('%.0f', now + A.life))
redis.call('PEXPIRE', K.token, tonumber(A.life) + TTL_MARGIN)
redis.call('HSET', K.code, 'token', K.token)
return {'done', now}
