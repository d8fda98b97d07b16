-- windows: exact limits: at most N events in *every* window of length T (DESIGN rule 3).
-- A window holds the times of the latest events, as many as the largest N, oldest first, six bytes each, in a string.
-- With more than MOST_PACKED times, the string is just LONG and a list holds the times. So an event costs only a few
-- reads, even for a large N. One more event is allowed when the N-th latest has left the window (now - T, now]. Rates
-- are text, 'N/T N/T …' with T in ms; '' means no limit.
local LONG = 'L'

-- The key of a window's list: the window's own key with another kind.
local function long_name(at)
  local root, rest = string.match(at, '^(.-}:)(.*)$')
  local account = string.match(rest, '^wx%x+:') or ''
  return root .. account .. 'long-' .. string.sub(rest, #account + 1)
end

-- The window in the value at `at`, or in a part of that value. `shared` are rates of others that are judged over this
-- window too, 'N/T N/T …': it holds as much as any of them needs, so that none forgets what another still needs.
local function window_in(packed, at, rates, shared)
  local w = {packed = packed, at = at, rates = {}, most = 0, span = 0, length = 0}
  for count, span in string.gmatch(shared or '', '(%d+)/(%d+)') do
    w.most, w.span = math.max(w.most, tonumber(count)), math.max(w.span, tonumber(span))
  end
  for count, span in string.gmatch(rates, '(%d+)/(%d+)') do
    count, span = tonumber(count), tonumber(span)
    w.rates[#w.rates + 1] = {count, span}
    w.most, w.span = math.max(w.most, count), math.max(w.span, span)
  end
  if w.most == 0 then return w end
  w.length = packed == LONG and redis.call('LLEN', long_name(at)) or #packed / 6
  return w
end

-- A window with a key of its own.
local function window(at, rates, shared)
  local counted = rates ~= '' or (shared or '') ~= ''
  local w = window_in(counted and redis.call('GET', at) or '', at, rates, shared)
  w.alone = true
  return w
end

local function stored_time(w, place)
  if w.packed == LONG then return tonumber(redis.call('LINDEX', long_name(w.at), place - 1)) end
  return (struct.unpack('>I6', w.packed, 6 * place - 5))
end

-- A time that is later than now was written before the clock was set back. Whether it is still in the window is not
-- known. If it counted, a refusal would last until the clock is there again, so it does not count; the next event that is
-- counted sets it to its own time (count_event). So the events before it are in every window with that one.
local function time_at(w, place)
  local at = stored_time(w, place)
  return at > now and 0 or at
end

local function wait_under(w, rates)
  local wait = 0
  for _, rate in ipairs(rates) do
    if w.length >= rate[1] then wait = math.max(wait, time_at(w, w.length - rate[1] + 1) + rate[2] - now) end
  end
  return wait
end
local function wait_for(w) return wait_under(w, w.rates) end

-- How many of the oldest times are at or before `since`. The steps double, because usually it is none or one.
local function outside(w, since)
  local low, high, step = 0, w.length, 1
  while low < high do
    local probe = math.min(low + step, high) - 1
    if time_at(w, probe + 1) <= since then
      low, step = probe + 1, step * 2
    else
      high, step = probe, math.max(1, math.floor((probe - low) / 2))
    end
  end
  return low
end

local function lengthen(w)
  local times, list = {}, long_name(w.at)
  for place = 1, w.length do times[place] = string.format('%.0f', time_at(w, place)) end
  redis.call('DEL', list)
  redis.call('RPUSH', list, unpack(times))
  w.packed = LONG
end

-- Set the times that are later than now to now. They are the newest, because each event does this before it is added.
local function bring_back(w)
  local place, stamp = w.length, string.format('%.0f', now)
  while place > 0 and stored_time(w, place) > now do
    if w.packed == LONG then redis.call('LSET', long_name(w.at), place - 1, stamp) end
    place = place - 1
  end
  if w.packed ~= LONG then w.packed = string.sub(w.packed, 1, 6 * place) .. string.rep(struct.pack('>I6', now), w.length - place) end
end

local function count_event(w)
  if w.most == 0 then return end
  if w.length > 0 and stored_time(w, w.length) > now then bring_back(w) end
  local over = math.max(w.length + 1 - w.most - (w.spare or 0), outside(w, now - w.span))
  w.length = w.length + 1 - over
  if w.packed == LONG then
    local list = long_name(w.at)
    redis.call('RPUSH', list, string.format('%.0f', now))
    if over > 0 then redis.call('LTRIM', list, over, -1) end
  else
    w.packed = string.sub(w.packed, 6 * over + 1) .. struct.pack('>I6', now)
    if w.length > MOST_PACKED then lengthen(w) end
  end
  if w.packed == LONG then redis.call('PEXPIRE', long_name(w.at), w.span + TTL_MARGIN) end
  if w.alone then redis.call('SET', w.at, w.packed, 'PX', w.span + TTL_MARGIN) end
end

-- Take back an event that was counted at `counted_at`. Returns whether there was one.
local function withdraw_event(w, counted_at)
  if w.packed == LONG then
    if redis.call('LREM', long_name(w.at), -1, string.format('%.0f', counted_at)) == 0 then return false end
    w.length = math.max(0, w.length - 1)
    return true
  end
  for place = #w.packed / 6, 1, -1 do
    if time_at(w, place) == counted_at then
      w.packed = string.sub(w.packed, 1, 6 * place - 6) .. string.sub(w.packed, 6 * place + 1)
      w.length = math.max(0, w.length - 1)
      return true
    end
  end
  return false
end

-- How many of the oldest times do not count for a rate.
local function before_rate(w, rate) return math.max(outside(w, now - rate[2]), w.length - rate[1]) end

-- What remains: for each rate 'how many more/in how many ms', in the order of the rates; '' without rates.
local function left_of(w)
  local remaining = {}
  for i, rate in ipairs(w.rates) do
    local first = before_rate(w, rate)
    local lasts = first < w.length and time_at(w, first + 1) + rate[2] - now or rate[2]
    remaining[i] = string.format('%.0f/%.0f', rate[1] - (w.length - first), lasts)
  end
  return table.concat(remaining, ' ')
end

-- The same for two limits, separated by a comma.
local function left_of_both(w, other) return left_of(w) .. ',' .. left_of(other) end
