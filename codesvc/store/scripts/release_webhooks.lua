-- Purpose: release a claimed site before its events are sent: at the end of a process, or if the process does not know
--   the site's endpoint. Another process may know it; the site becomes due after `after` ms.
-- KEYS: sites
-- ARGS: offset root site owner after
-- OUTCOMES: done stale
-- USES: clock names

local lane = key('webhook_lane', A.site)
if redis.call('HGET', lane, 'owner') ~= A.owner then return {'stale', now} end
redis.call('DEL', lane)
if redis.call('EXISTS', key('webhook_due', A.site)) == 1 then
  redis.call('ZADD', K.sites, now + A.after, A.site)
else
  redis.call('ZREM', K.sites, A.site)
end
return {'done', now}
