-- windows: exact limits, at most N events in *every* window of T (DESIGN rule 3).
-- A list holds the times of the latest events, as many as the largest N. One more is allowed when the N-th latest has
-- left the window (now - T, now]. Rates are text, 'N/T N/T …' with T in ms; no rates mean no limit.
local function wait_for(list, rates)
  local wait = 0
  for count, span in string.gmatch(rates, '(%d+)/(%d+)') do
    local nth = redis.call('LINDEX', list, -tonumber(count))
    if nth then wait = math.max(wait, nth + span - now) end
  end
  return wait
end

local function count_event(list, rates)
  local most, longest = 0, 0
  for count, span in string.gmatch(rates, '(%d+)/(%d+)') do
    most, longest = math.max(most, tonumber(count)), math.max(longest, tonumber(span))
  end
  if most == 0 then return end
  redis.call('RPUSH', list, string.format('%.0f', now))
  redis.call('LTRIM', list, -most, -1)
  redis.call('PEXPIRE', list, longest + TTL_MARGIN)
end
