-- quota_alert: adds a job to the outbox when the used part of a day's quota reaches a threshold (QUOTA_THRESHOLDS, in
-- percent). The job informs the account's sites (codesvc.delivery.quota_events). There is one job for each threshold
-- and day; if several thresholds are passed at once, only the highest is reported. `day` is the key of the day's
-- counters.
local function note_quota_level(day, daily, used)
  local reached = 0
  for percent in string.gmatch(QUOTA_THRESHOLDS, '%d+') do
    if used * 100 >= daily * percent then reached = tonumber(percent) end
  end
  if reached == 0 or reached <= tonumber(redis.call('HGET', day, 'told') or 0) then return end
  redis.call('HSET', day, 'told', reached)
  local api, number = string.match(day, '([^:]+):(%d+)$')
  local facts = string.format('%s:%s:%.0f:%.0f', api, number, daily, math.max(0, daily - used))
  redis.call('XADD', K.outbox, '*', 'kind', 'quota_low', 'id', facts, 'number', reached, 'account', A.appid)
end
