-- Purpose: delete an event about a person whose data is being erased. With `wait` 1, an event that the site has not
--   received yet stays until its delivery has ended and is deleted then; its TTL of at most 30 days stays as it is.
-- KEYS: webhook
-- ARGS: offset root site wait
-- OUTCOMES: done waiting absent
-- USES: clock names webhook

local r = redis.call('HMGET', K.webhook, 'id', 'type', 'status')
if not r[1] then return {'absent', now} end
if r[3] == 'pending' and A.wait == '1' then
  redis.call('HSET', K.webhook, 'erase', '1')
  return {'waiting', now}
end
delete_webhook(A.site, r[2] .. ' ' .. r[1])
return {'done', now}
