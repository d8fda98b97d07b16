-- clock: the current time, in ms since 1970, by the store's clock plus the offset of test mode (DESIGN rule 3).
local clock_parts = redis.call('TIME')
local now = clock_parts[1] * 1000 + math.floor(clock_parts[2] / 1000) + tonumber(A.offset)
-- A TTL is longer than the logical life by this margin; it never decides whether something is expired.
local TTL_MARGIN = 600000

-- Whether a life is over that began at `since` and ends at `ends`. A machine's clock can be set back. Of a life that begins
-- later than now it is not known how much has passed, so it is over. Clocks of one deployment may differ by CLOCK_TOLERANCE.
local function is_over(since, ends)
  return now >= tonumber(ends) or (tonumber(since) or 0) > now + CLOCK_TOLERANCE
end
-- The same of a stored end of which only the length of the whole life is known.
local function is_over_by(ends, life) return is_over(tonumber(ends) - life, ends) end
