-- Purpose: after the store's clock was set back, send now what would wait until the clock is there again. The pauses of
--   events that were to be repeated end early, too: nothing says when they began.
-- KEYS: sites
-- ARGS: offset root topic
-- OUTCOMES: done
-- USES: clock names webhook

for _, site in ipairs(redis.call('ZRANGE', K.sites, 0, -1)) do
  local lane, due = key('webhook_lane', site), key('webhook_due', site)
  -- A process that still sends renews its lease by the present clock.
  if tonumber(redis.call('HGET', lane, 'until') or 0) > now - A.offset + CLOCK_TOLERANCE then redis.call('DEL', lane) end
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', due, string.format('(%.0f', now), '+inf')) do
    redis.call('ZADD', due, now, member)
  end
  redis.call('ZADD', K.sites, now, site)
end
redis.call('PUBLISH', A.topic, WEBHOOK_WAKES)
return {'done', now}
