-- Purpose: store what WeChat reports about today's quota. Counters only grow, because other programs may use the
--   account too.
-- KEYS: day outbox
-- ARGS: offset appid daily used calls seconds
-- OUTCOMES: done
-- USES: clock quota_alert
-- REPLY done: left
--   left: calls that remain today

local total = math.max(tonumber(redis.call('HGET', K.day, 'total') or 0), tonumber(A.used))
redis.call('HSET', K.day, 'daily', A.daily, 'total', total)
if tonumber(A.calls) > 0 then
  redis.call('HSET', K.day, 'calls', A.calls, 'seconds', A.seconds)
else
  redis.call('HDEL', K.day, 'calls', 'seconds')
end
note_quota_level(K.day, tonumber(A.daily), total)
redis.call('PEXPIRE', K.day, 2 * 86400000)
return {'done', now, math.max(0, A.daily - total)}
