-- Purpose: claim sites with events to send. Only one process at a time sends for a site, so that no event is sent twice
--   at once and a slow endpoint delays no other site. A process that does not renew its lease within `lease` ms counts
--   as dead. A lease concerns processes, so it uses the store's own clock, without the offset of test mode.
-- KEYS: sites
-- ARGS: offset root owner lease most
-- OUTCOMES: done
-- USES: clock names
-- REPLY done: sites

local LOOK = 500
local real_now, found = now - A.offset, {}
for _, site in ipairs(redis.call('ZRANGEBYSCORE', K.sites, '-inf', now, 'LIMIT', 0, LOOK)) do
  if #found >= tonumber(A.most) then break end
  local lane = key('webhook_lane', site)
  local busy = redis.call('HGET', lane, 'until')
  if not busy or tonumber(busy) <= real_now then
    redis.call('HSET', lane, 'owner', A.owner, 'until', string.format('%.0f', real_now + A.lease))
    redis.call('PEXPIRE', lane, tonumber(A.lease) + TTL_MARGIN)
    found[#found + 1] = site
  end
  -- Other workers see the site again after the lease. The worker that returns the site sets its next due time.
  redis.call('ZADD', K.sites, 'XX', now + A.lease, site)
end
return {'done', now, found}
