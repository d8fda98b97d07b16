-- quota: takes units of a day's quota and gives them back (codesvc.domain.quota). The day's hash holds `daily` as
-- WeChat reported it, `total` used, `over` used beyond the sites' guaranteed shares, `resets` used by resets,
-- `s:<name>` used by each site, `strangers` used without a key, and `calls` in `seconds` if WeChat also limits the
-- minute. A call to WeChat that is charged has an id. Until it has ended, `f:<id>` is when it was charged, by WeChat's
-- clock in ms, and the field beside `total` that it was charged to: `s:<name>`, `strangers`, or `pool` for a QR code
-- that nobody has asked for; behind it `reset` for a reset's. `made` is how many such calls were charged. A minute has
-- a hash of its own, with `total`, `over` and the same fields, and is shared as the day is.

-- How much of a quota of `most` calls is for other purposes than resets, and how much of it each site can count on.
local function quota_shares(most)
  local general = most - math.floor(most * A.reserve + 0.5)
  return general, math.floor(math.floor(general * 0.5) / A.sites)
end

-- How much of such a quota `whose`, a field beside `total`, can count on: strangers and the pool on nothing.
local function own_part(most, whose)
  local _, sure = quota_shares(most)
  return string.sub(whose, 1, 2) == 's:' and sure or 0
end

-- `over` is missing after a reading of WeChat's own quota: then it follows from what the sites have used.
local function used_over(day, daily)
  local _, sure = quota_shares(daily)
  local fields, over = redis.call('HGETALL', day), tonumber(redis.call('HGET', day, 'strangers') or 0)
  for i = 1, #fields, 2 do
    if string.sub(fields[i], 1, 2) == 's:' then over = over + math.max(0, fields[i + 1] - sure) end
  end
  redis.call('HSET', day, 'over', over)
  return over
end

-- The key of the counter of WeChat's minute at `at`, a time by WeChat's clock in ms, and the minute's length in ms.
local function minute_of(day, seconds, at)
  local span = seconds * 1000
  return day .. ':' .. string.format('%.0f', math.floor(at / span)), span
end

-- Whether a day or a minute of `most` calls leaves nothing for `whose`. `counts` are its fields `total`, `over` and
-- `resets`, and as `used` the field `whose`. Resets have what is kept for them beside what is for all, but no other
-- site's sure part: anybody may begin a reset for a user who does not exist. Once WeChat has said that nothing is left
-- of the day (`most` 0), they have what is in the pool.
local function is_used_up(most, whose, reset, counts)
  local general, sure = quota_shares(most)
  -- What is not free for all: the sites' sure parts, used or not, and what was used beyond them.
  local not_free = A.sites * sure + counts.over
  local is_own_part_used_up = counts.used >= own_part(most, whose)
  if reset then return most > 0 and is_own_part_used_up and not_free >= most end
  return counts.total - counts.resets >= general or is_own_part_used_up and not_free >= general
end

-- Counts a unit of a day or a minute of `most` calls to `whose` part, of which `used` units were used before. The
-- unit's charge to the account, `total`, is counted apart.
local function count_part(at, most, whose, reset, used)
  redis.call('HINCRBY', at, whose, 1)
  if used >= own_part(most, whose) then redis.call('HINCRBY', at, 'over', 1) end
  if reset then redis.call('HINCRBY', at, 'resets', 1) end
end

-- Takes one unit of WeChat's minute. Returns whether there was one.
local function take_of_minute(day, most, seconds, whose, reset)
  -- WeChat's clock counts, so the offset of test mode is left out.
  local minute, span = minute_of(day, seconds, now - A.offset)
  local found = redis.call('HMGET', minute, 'total', 'over', 'resets', whose)
  local counts = {total = tonumber(found[1] or 0), over = tonumber(found[2] or 0), resets = tonumber(found[3] or 0)}
  counts.used = tonumber(found[4] or 0)
  if counts.total >= most or is_used_up(most, whose, reset, counts) then return false end
  redis.call('HINCRBY', minute, 'total', 1)
  count_part(minute, most, whose, reset, counts.used)
  redis.call('PEXPIRE', minute, 2 * span)
  return true
end

-- Charges a call to the account, right before it is made. Returns 'yes', or 'minute' if it is one more than `calls` in
-- `seconds`, or than what is for `whose` of them.
local function charge_account(day, daily, total, calls, seconds, call, whose, reset)
  if calls and not take_of_minute(day, tonumber(calls), seconds, whose, reset) then return 'minute' end
  redis.call('HINCRBY', day, 'total', 1)
  if call then
    redis.call('HSET', day, 'f:' .. call, string.format('%.0f %s', now - A.offset, whose) .. (reset and ' reset' or ''))
    redis.call('HINCRBY', day, 'made', 1)
  end
  note_quota_level(day, daily, total + 1)
  redis.call('PEXPIRE', day, 2 * 86400000)
  return 'yes'
end

-- Takes one unit for a site. What a `stranger` causes, who needs no key, uses none of the guaranteed shares. Returns
-- 'yes', or the limit that is reached: 'day' or 'minute'. A `call` that was charged already is not charged again, so
-- a script that is repeated charges once. With `stock`, the unit is one of so many QR codes in the pool: they were
-- charged to the account when they were made, and count in nobody's part until they are shown.
local function take_quota(day, site, reset, call, stranger, stock)
  local whose = stranger and 'strangers' or 's:' .. site
  local found = redis.call('HMGET', day, 'daily', 'total', 'over', 'resets', whose, 'calls', 'seconds')
  if call and redis.call('HEXISTS', day, 'f:' .. call) == 1 then return 'yes' end
  local daily, counts = tonumber(found[1] or A.assumed_daily), {total = tonumber(found[2] or 0) - (stock or 0)}
  if not stock and counts.total >= daily then return 'day' end
  counts.over, counts.resets = tonumber(found[3] or used_over(day, daily)), tonumber(found[4] or 0)
  counts.used = tonumber(found[5] or 0)
  if is_used_up(daily, whose, reset, counts) then return 'day' end
  if not stock then
    local charged = charge_account(day, daily, counts.total, found[6], found[7], call, whose, reset)
    if charged ~= 'yes' then return charged end
  end
  count_part(day, daily, whose, reset, counts.used)
  if stock then redis.call('PEXPIRE', day, 2 * 86400000) end
  return 'yes'
end

-- Takes one unit for a QR code that nobody has asked for yet. The reserve for resets is left alone.
local function take_for_pool(day, call)
  local counts = redis.call('HMGET', day, 'daily', 'total', 'calls', 'seconds')
  local daily, total = tonumber(counts[1] or A.assumed_daily), tonumber(counts[2] or 0)
  if total >= quota_shares(daily) then return 'day' end
  return charge_account(day, daily, total, counts[3], counts[4], call, 'pool')
end

-- A charged call has ended. Returns when it was charged, to which field, and `reset` for a reset's; nil if it was not
-- under way.
local function end_call(day, call)
  local charged = redis.call('HGET', day, 'f:' .. call)
  if not charged then return nil end
  redis.call('HDEL', day, 'f:' .. call)
  return string.match(charged, '^(%d+) ?(%S*) ?(.*)$')
end

-- Gives a unit of a day or a minute of `most` calls back to `whose` part. The account stays charged with it.
local function give_back_part(at, most, whose, reset)
  local counts = redis.call('HMGET', at, 'over', whose, 'resets')
  local used = tonumber(counts[2] or 0)
  if used > 0 then redis.call('HINCRBY', at, whose, -1) end
  if used > own_part(most, whose) and tonumber(counts[1] or 0) > 0 then redis.call('HINCRBY', at, 'over', -1) end
  if reset == 'reset' and tonumber(counts[3] or 0) > 0 then redis.call('HINCRBY', at, 'resets', -1) end
end
local function give_back_share(day, whose, reset)
  give_back_part(day, tonumber(redis.call('HGET', day, 'daily') or A.assumed_daily), whose, reset)
end

-- A charged call has ended. If WeChat has not counted it, its unit is given back. Returns whether it was under way.
local function end_charged(day, call, counted)
  local charged_at, whose, reset = end_call(day, call)
  if not charged_at then return false end
  if counted then return true end
  give_back_share(day, whose, reset)
  local counts = redis.call('HMGET', day, 'total', 'calls', 'seconds')
  redis.call('HINCRBY', day, 'made', -1)
  if tonumber(counts[1] or 0) > 0 then redis.call('HINCRBY', day, 'total', -1) end
  if counts[2] then
    local minute = minute_of(day, counts[3], tonumber(charged_at))
    if tonumber(redis.call('HGET', minute, 'total') or 0) > 0 then
      redis.call('HINCRBY', minute, 'total', -1)
      give_back_part(minute, tonumber(counts[2]), whose, reset)
    end
  end
  return true
end

-- A call ends within a minute: what is older belonged to a process that died.
local LONGEST_CALL = 60000

-- How many charged calls are under way, by all fields of the day's hash as HGETALL gives them.
local function calls_under_way(day, fields)
  local under_way = 0
  for i = 1, #fields, 2 do
    if string.sub(fields[i], 1, 2) == 'f:' then
      if tonumber(string.match(fields[i + 1], '^%d+')) < now - A.offset - LONGEST_CALL then
        redis.call('HDEL', day, fields[i])
      else
        under_way = under_way + 1
      end
    end
  end
  return under_way
end
