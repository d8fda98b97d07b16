-- Purpose: read a notice right before each attempt to send it. The job of one that is gone, because it expired or its
--   person was erased, is acknowledged.
-- KEYS: notice outbox
-- ARGS: offset entry group
-- OUTCOMES: begun stale
-- USES: clock
-- REPLY begun: openid name about
--   about: JSON

local found = redis.call('HMGET', K.notice, 'openid', 'name', 'about')
if not found[1] then
  redis.call('XACK', K.outbox, A.group, A.entry)
  redis.call('XDEL', K.outbox, A.entry)
  return {'stale', now}
end
return {'begun', now, found[1], found[2], found[3]}
