-- Purpose: take over sites with something to send: one process at a time sends for a site, so that no event is under way
--   twice and a slow endpoint holds up nobody else. Who does not say again within `lease` ms that it is at it has died.
--   A lease is about processes: it runs by the store's own clock, without test mode's offset.
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
  -- Out of the way of others until the lease is over; whoever gives the site back says when it is due.
  redis.call('ZADD', K.sites, 'XX', now + A.lease, site)
end
return {'done', now, found}
