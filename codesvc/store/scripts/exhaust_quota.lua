-- Purpose: record that WeChat reports today's quota of a call as used up, whatever the service has counted.
-- KEYS: day outbox
-- ARGS: offset appid assumed_daily
-- OUTCOMES: done
-- USES: clock quota_alert

local daily = tonumber(redis.call('HGET', K.day, 'daily') or A.assumed_daily)
note_quota_level(K.day, daily, daily)
redis.call('HSET', K.day, 'daily', 0)
redis.call('PEXPIRE', K.day, 2 * 86400000)
return {'done', now}
