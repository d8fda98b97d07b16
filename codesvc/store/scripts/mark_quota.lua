-- Purpose: note how many charged calls have ended, right before WeChat is asked about today's quota (learn_quota.lua).
-- KEYS: day
-- ARGS: offset
-- OUTCOMES: done
-- USES: clock quota
-- REPLY done: ended

return {'done', now, (redis.call('HGET', K.day, 'made') or 0) - calls_under_way(K.day, redis.call('HGETALL', K.day))}
