-- Purpose: take over what WeChat reports about today's quota, in both directions: other programs may use the account,
--   and a call that may have been counted may not have been. Calls that WeChat may not have counted yet when it was
--   asked are added: those under way then, and those charged since.
-- KEYS: day outbox
-- ARGS: offset appid daily used calls seconds ended
-- OUTCOMES: done
-- USES: clock quota quota_alert
-- REPLY done: left
--   ended: how many charged calls had ended when WeChat was asked (mark_quota.lua), '' where it is not known
--   left: calls that remain today

local fields, own = redis.call('HGETALL', K.day), 0
local under_way = calls_under_way(K.day, fields)
local made = tonumber(redis.call('HGET', K.day, 'made') or 0)
local uncertain = A.ended ~= '' and math.max(under_way, made - A.ended) or under_way
local total = A.used + uncertain
redis.call('HSET', K.day, 'daily', A.daily, 'total', total)
if tonumber(A.calls) > 0 then
  redis.call('HSET', K.day, 'calls', A.calls, 'seconds', A.seconds)
else
  redis.call('HDEL', K.day, 'calls', 'seconds')
end

-- The sites and strangers cannot have used more than all of it. `over` depends on `daily` and on the sites' counts.
local function is_use(field) return field == 'strangers' or string.sub(field, 1, 2) == 's:' end
for i = 1, #fields, 2 do
  if is_use(fields[i]) then own = own + fields[i + 1] end
end
for i = 1, own > total and #fields or 0, 2 do
  if is_use(fields[i]) or fields[i] == 'resets' then
    redis.call('HSET', K.day, fields[i], math.floor(fields[i + 1] * total / own))
  end
end
redis.call('HDEL', K.day, 'over')
note_quota_level(K.day, tonumber(A.daily), total)
redis.call('PEXPIRE', K.day, 2 * 86400000)
return {'done', now, math.max(0, A.daily - total)}
