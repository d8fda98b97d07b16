-- newcomers: bounds what people of whom nothing is kept leave in the store, which all accounts share. Whoever knows the
-- token of an account's callback, as its owner does, can sign events of any number of people who do not exist.
-- NEWCOMER_MARKS is the number for an account and a day, above what its real people leave. What is gone within 20 minutes
-- is not counted: its number is bounded by how fast callbacks are answered.
local MARKS_DAY = 86400000
local BRIEF_MARK = 60000

-- Whether there is room for this many more marks today. Counts them.
local function has_room(marks)
  local at = account_key('newcomers', string.format('%.0f', math.floor(now / MARKS_DAY)))
  local count = redis.call('INCRBY', at, marks)
  if count == marks then redis.call('PEXPIRE', at, MARKS_DAY + TTL_MARGIN) end
  return count <= NEWCOMER_MARKS
end

-- How many ms until there is room again.
local function until_room() return (math.floor(now / MARKS_DAY) + 1) * MARKS_DAY - now end

-- Whether a window of customer-service messages may be opened. One that is longer than a minute takes room, unless `at`
-- holds such a window anyway: so nobody uses up the room by leaving and returning (leave_account.lua).
local function may_open(at, length)
  if tonumber(length) <= BRIEF_MARK then return true end
  return redis.call('PTTL', at) > BRIEF_MARK + TTL_MARGIN or has_room(1)
end

-- Whether anything is kept of a person: a binding at one of the sites, what they were sent, or what they were asked.
local function is_kept(openid, sites)
  if redis.call('EXISTS', account_key('recent', openid), account_key('asked', openid)) > 0 then return true end
  for site in string.gmatch(sites, '([^%s/]+)/%S*') do
    if redis.call('EXISTS', key('owners', site, openid)) == 1 then return true end
  end
  return false
end
