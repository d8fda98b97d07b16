-- Purpose: keep an access token that an authorisation code gave, unless the code came again in the meantime. `content` is
--   what the token lets its client read.
-- KEYS: code token
-- ARGS: offset content life
-- OUTCOMES: done spent
-- USES: clock

local code = redis.call('HMGET', K.code, 'claimed', 'replayed')
if not code[1] or code[2] then return {'spent', now} end
redis.call('HSET', K.token, 'content', A.content, 'expires', string.format('%.0f', now + A.life))
redis.call('PEXPIRE', K.token, tonumber(A.life) + TTL_MARGIN)
redis.call('HSET', K.code, 'token', K.token)
return {'done', now}
