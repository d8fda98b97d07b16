-- Purpose: numbers about a partition for operators: how many events wait, and for how long the most overdue one has
--   been due. At most a thousand sites are read.
-- KEYS: sites
-- ARGS: offset root
-- OUTCOMES: done
-- USES: clock names
-- REPLY done: waiting overdue_ms

local LOOK = 1000
local waiting, overdue = 0, 0
for _, site in ipairs(redis.call('ZRANGE', K.sites, 0, LOOK - 1)) do
  local due = key('webhook_due', site)
  waiting = waiting + redis.call('ZCARD', due)
  local first = redis.call('ZRANGE', due, 0, 0, 'WITHSCORES')[2]
  if first then overdue = math.max(overdue, now - first) end
end
return {'done', now, waiting, overdue}
