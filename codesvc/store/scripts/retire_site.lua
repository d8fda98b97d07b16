-- Purpose: end what a former site has begun, before its name is given to a new one (former_site.lua). Its webhook events
--   and the state of its endpoint are deleted, because what it has received is not for the new one either. One call
--   deletes MOST at most, because others wait for it.
-- KEYS: sites log
-- ARGS: offset root site
-- OUTCOMES: done
-- USES: clock names webhook
-- REPLY done: left
--   left: how many events are left for the next call

local MOST = 500
redis.call('SET', key('site_since', A.site), string.format('%.0f', now), 'PX', EVICTION_KEPT + TTL_MARGIN)
for _, member in ipairs(redis.call('ZRANGE', K.log, 0, MOST - 1)) do delete_webhook(A.site, member) end
local left = redis.call('ZCARD', K.log)
if left == 0 then
  redis.call('DEL', key('webhook_due', A.site), key('webhook_done', A.site), key('webhook_state', A.site))
  redis.call('ZREM', K.sites, A.site)
end
return {'done', now, left}
