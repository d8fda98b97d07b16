-- quota: taking one from a day's quota (codesvc.domain.quota). The day's hash: `daily` as WeChat told it, `total` used,
-- `over` used beyond what each site is sure of, for each site `s:<name>`, and where WeChat limits the minute too
-- `calls` in `seconds`. Resets may use all of the day. Answers 'yes', 'day' or 'minute'.
local function take_quota(day, site, reset)
  local told = redis.call('HMGET', day, 'daily', 'total', 'over', 's:' .. site, 'calls', 'seconds')
  local daily = tonumber(told[1] or A.assumed_daily)
  local total, over, used = tonumber(told[2] or 0), tonumber(told[3] or 0), tonumber(told[4] or 0)
  if total >= daily then return 'day' end
  local general = daily - math.floor(daily * A.reserve + 0.5)
  local sites = tonumber(A.sites)
  local sure = math.floor(math.floor(general * 0.5) / sites)
  if not reset then
    if total >= general then return 'day' end
    if used >= sure and sites * sure + over >= general then return 'day' end
  end
  if told[5] then
    -- WeChat's clock counts, not test mode's.
    local span = told[6] * 1000
    local minute = day .. ':' .. string.format('%.0f', math.floor((now - A.offset) / span))
    if redis.call('INCR', minute) > tonumber(told[5]) then
      redis.call('PEXPIRE', minute, 2 * span)
      return 'minute'
    end
    redis.call('PEXPIRE', minute, 2 * span)
  end
  redis.call('HINCRBY', day, 'total', 1)
  redis.call('HINCRBY', day, 's:' .. site, 1)
  if used >= sure then redis.call('HINCRBY', day, 'over', 1) end
  mind_quota(day, daily, total + 1)
  redis.call('PEXPIRE', day, 2 * 86400000)
  return 'yes'
end
