-- webhook: queues events for a site's webhook, in the same script as the change that they report. `wanted` is what the
-- site subscribes to: '' nothing, '*' everything, else event types separated by commas. `A.event` is a fresh id; a
-- script that emits several events appends their number. The facts are JSON, read by codesvc.delivery.webhooks.payload;
-- they contain no code, openid or token. Members of the sorted sets are 'type id'.
local events_emitted = 0
local function wants(wanted, kind)
  if not wanted or wanted == '' then return false end
  return wanted == '*' or string.find(',' .. wanted .. ',', ',' .. kind .. ',', 1, true) ~= nil
end

local function webhook_at(site, member) return key('webhook', site, string.match(member, '(%S+)$')) end

local function delete_webhook(site, member)
  redis.call('DEL', webhook_at(site, member))
  local lists = {key('webhook_log', site), key('webhook_due', site), key('webhook_done', site)}
  for _, list in ipairs(lists) do redis.call('ZREM', list, member) end
end

-- End an event that was sent or given up. Only the latest ended events are kept, and none of a person whose data has been
-- erased in the meantime (forget_webhook.lua).
local function end_webhook(site, member, status, reason)
  if redis.call('HEXISTS', webhook_at(site, member), 'erase') == 1 then return delete_webhook(site, member) end
  redis.call('HSET', webhook_at(site, member), 'status', status, 'reason', reason, 'ended', string.format('%.0f', now))
  redis.call('ZREM', key('webhook_due', site), member)
  local done = key('webhook_done', site)
  redis.call('ZADD', done, now, member)
  redis.call('PEXPIRE', done, WEBHOOK_KEPT + TTL_MARGIN)
  if redis.call('ZCARD', done) > WEBHOOK_MOST_DONE then
    local oldest = redis.call('ZPOPMIN', done)[1]
    redis.call('DEL', webhook_at(site, oldest))
    redis.call('ZREM', key('webhook_log', site), oldest)
  end
end

-- Put the site into the workers' queue and wake them. Not if a worker is sending for it, which looks again by itself;
-- nor if its endpoint is disabled; nor if it is in the queue already.
local function offer(site, due)
  local busy = redis.call('HGET', key('webhook_lane', site), 'until')
  if busy and tonumber(busy) > now - A.offset then return end
  if redis.call('HEXISTS', key('webhook_state', site), 'disabled') == 1 then return end
  if redis.call('ZADD', key('webhook_sites'), 'LT', 'CH', due, site) == 1 then
    redis.call('PUBLISH', A.topic, WEBHOOK_WAKES)
  end
end

local function make_due(site, member)
  redis.call('ZADD', key('webhook_due', site), now, member)
  redis.call('PEXPIRE', key('webhook_due', site), WEBHOOK_KEPT + TTL_MARGIN)
  offer(site, now)
end

-- Queue one event. If too many wait, the one with the latest due time is given up.
local function queue_webhook(site, id, kind, facts)
  local at, member, log = key('webhook', site, id), kind .. ' ' .. id, key('webhook_log', site)
  local stamp = string.format('%.0f', now)
  redis.call('HSET', at, 'id', id, 'type', kind, 'created', stamp, 'queued', stamp, 'due', stamp, 'status', 'pending',
    'attempts', 0, 'facts', facts)
  redis.call('PEXPIRE', at, WEBHOOK_KEPT + TTL_MARGIN)
  redis.call('ZREMRANGEBYSCORE', log, '-inf', string.format('%.0f', now - WEBHOOK_KEPT))
  redis.call('ZADD', log, now, member)
  redis.call('PEXPIRE', log, WEBHOOK_KEPT + TTL_MARGIN)
  if redis.call('ZCARD', key('webhook_due', site)) >= WEBHOOK_MOST_PENDING then
    end_webhook(site, redis.call('ZREVRANGE', key('webhook_due', site), 0, 0)[1], 'failed', 'overflow')
  end
  make_due(site, member)
end

local function emit(wanted, site, kind, facts)
  if not wants(wanted, kind) then return end
  events_emitted = events_emitted + 1
  local id = 'wh_' .. string.sub(redis.sha1hex(A.event .. '/' .. events_emitted), 1, 32)
  queue_webhook(site, id, kind, cjson.encode(facts))
end
