-- quota: takes one unit of a day's quota (codesvc.domain.quota). The day's hash holds `daily` as WeChat reported it,
-- `total` used, `over` used beyond the sites' guaranteed shares, `s:<name>` used by each site, and `calls` in `seconds`
-- if WeChat also limits the minute. Resets may use the whole quota. Returns 'yes', or the limit that is reached: 'day'
-- or 'minute'.
local function take_quota(day, site, reset)
  local counts = redis.call('HMGET', day, 'daily', 'total', 'over', 's:' .. site, 'calls', 'seconds')
  local daily = tonumber(counts[1] or A.assumed_daily)
  local total, over, used = tonumber(counts[2] or 0), tonumber(counts[3] or 0), tonumber(counts[4] or 0)
  if total >= daily then return 'day' end
  local general = daily - math.floor(daily * A.reserve + 0.5)
  local sites = tonumber(A.sites)
  local sure = math.floor(math.floor(general * 0.5) / sites)
  if not reset then
    if total >= general then return 'day' end
    if used >= sure and sites * sure + over >= general then return 'day' end
  end
  if counts[5] then
    -- WeChat's clock counts, so the offset of test mode is left out.
    local span = counts[6] * 1000
    local minute = day .. ':' .. string.format('%.0f', math.floor((now - A.offset) / span))
    if redis.call('INCR', minute) > tonumber(counts[5]) then
      redis.call('PEXPIRE', minute, 2 * span)
      return 'minute'
    end
    redis.call('PEXPIRE', minute, 2 * span)
  end
  redis.call('HINCRBY', day, 'total', 1)
  redis.call('HINCRBY', day, 's:' .. site, 1)
  if used >= sure then redis.call('HINCRBY', day, 'over', 1) end
  note_quota_level(day, daily, total + 1)
  redis.call('PEXPIRE', day, 2 * 86400000)
  return 'yes'
end
