-- Purpose: read the events of a site that are due now, for the process that has claimed it, and renew its lease. With
--   `release` 1 the site is released if no event is due. Nothing is removed: an event stays due until its result is
--   recorded, so that another process finds it again after a crash.
-- KEYS: sites
-- ARGS: offset root site owner lease most release
-- OUTCOMES: done empty stale closed
-- USES: clock names webhook
-- REPLY done: jobs failures
--   jobs: id, type, created, attempts, facts, and so on; failures: attempts in a row that failed; empty: the site is
--   released; stale: another process has the site; closed: its endpoint is disabled, and the site is released

local real_now, lane, due = now - A.offset, key('webhook_lane', A.site), key('webhook_due', A.site)
if redis.call('HGET', lane, 'owner') ~= A.owner then return {'stale', now} end
local state = redis.call('HMGET', key('webhook_state', A.site), 'disabled', 'failures')
if state[1] then
  redis.call('DEL', lane)
  redis.call('ZREM', K.sites, A.site)
  return {'closed', now}
end
local jobs = {}
for _, member in ipairs(redis.call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, A.most)) do
  local job = redis.call('HMGET', webhook_at(A.site, member), 'id', 'type', 'created', 'attempts', 'facts', 'queued')
  if not job[1] then
    redis.call('ZREM', due, member)
  elseif now >= tonumber(job[6]) + WEBHOOK_KEPT then
    end_webhook(A.site, member, 'failed', 'expired')
  else
    for part = 1, 5 do jobs[#jobs + 1] = job[part] end
  end
end
if #jobs == 0 and A.release == '1' then
  local next_due = redis.call('ZRANGE', due, 0, 0, 'WITHSCORES')[2]
  redis.call('DEL', lane)
  if next_due then redis.call('ZADD', K.sites, next_due, A.site) else redis.call('ZREM', K.sites, A.site) end
  return {'empty', now}
end
redis.call('HSET', lane, 'until', string.format('%.0f', real_now + A.lease))
redis.call('PEXPIRE', lane, tonumber(A.lease) + TTL_MARGIN)
redis.call('ZADD', K.sites, now + A.lease, A.site)
return {'done', now, jobs, tonumber(state[2] or 0)}
