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

-- How many of the first times of a list of this length have left the window that began at `since`. In doubling steps:
-- mostly it is none or one.
local function outside(list, length, since)
  local low, high, step = 0, length, 1
  while low < high do
    local probe = math.min(low + step, high) - 1
    if tonumber(redis.call('LINDEX', list, probe)) <= since then
      low, step = probe + 1, step * 2
    else
      high, step = probe, math.max(1, math.floor((probe - low) / 2))
    end
  end
  return low
end

local function count_event(list, rates)
  local most, longest = 0, 0
  for count, span in string.gmatch(rates, '(%d+)/(%d+)') do
    most, longest = math.max(most, tonumber(count)), math.max(longest, tonumber(span))
  end
  if most == 0 then return end
  local length = redis.call('RPUSH', list, string.format('%.0f', now))
  local over = math.max(length - most, outside(list, length, now - longest))
  if over > 0 then redis.call('LTRIM', list, over, -1) end
  redis.call('PEXPIRE', list, longest + TTL_MARGIN)
end

-- What is left: for each rate 'how many more/in how many ms', in the order of the rates, '' for no rates.
local function left_of(list, rates)
  if rates == '' then return '' end
  local told, length = {}, redis.call('LLEN', list)
  for count, span in string.gmatch(rates, '(%d+)/(%d+)') do
    local first = math.max(outside(list, length, now - span), length - count)
    local lasts = first < length and redis.call('LINDEX', list, first) + span - now or tonumber(span)
    told[#told + 1] = string.format('%.0f/%.0f', count - (length - first), lasts)
  end
  return table.concat(told, ' ')
end

-- The same of two limits, a comma between them.
local function left_of_both(list, rates, other, other_rates)
  return left_of(list, rates) .. ',' .. left_of(other, other_rates)
end
