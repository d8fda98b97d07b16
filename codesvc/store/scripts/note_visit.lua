-- Purpose: store the openid that web authorisation returned for a browser, for one subject and for a few minutes.
-- KEYS: visit
-- ARGS: offset openid unionid life
-- OUTCOMES: done
-- USES: clock

redis.call('HSET', K.visit, 'openid', A.openid, 'unionid', A.unionid, 'until', string.format('%.0f', now + A.life))
redis.call('PEXPIRE', K.visit, tonumber(A.life) + TTL_MARGIN)
return {'done', now}
