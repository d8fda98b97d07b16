-- clock: the current time, in ms since 1970, by the store's clock plus the offset of test mode (DESIGN rule 3).
local clock_parts = redis.call('TIME')
local now = clock_parts[1] * 1000 + math.floor(clock_parts[2] / 1000) + tonumber(A.offset)
-- A TTL is longer than the logical life by this margin; it never decides whether something is expired.
local TTL_MARGIN = 600000

-- Whether a life is over that began at `since` and ends at `ends`. A machine's clock can be set back. Of a life that
-- begins later than now it is not known how much has passed, so it is over. Clocks of one deployment may differ by
-- CLOCK_TOLERANCE.
local function is_over(since, ends)
  return now >= tonumber(ends) or (tonumber(since) or 0) > now + CLOCK_TOLERANCE
end

-- The time of a mark that ends all that began before it; nil if there is no mark. If the clock was set back after the
-- mark, its time becomes the latest that is before now, which `store` keeps: what begins from now on is after it.
local function time_of_mark(stored, store)
  local marked = tonumber(stored)
  if marked and marked > now then
    marked = now - 1
    store(string.format('%.0f', marked))
  end
  return marked
end
-- Whether such a mark was made at or after `since`, ms. What has a time later than now began before the clock was set
-- back, and may be older than the mark.
local function is_marked_since(marked, since)
  return marked ~= nil and (tonumber(since) <= marked or tonumber(since) > now)
end
