-- clock: the current time, in ms since 1970, by the store's clock plus the offset of test mode (DESIGN rule 3).
local clock_parts = redis.call('TIME')
local now = clock_parts[1] * 1000 + math.floor(clock_parts[2] / 1000) + tonumber(A.offset)
-- A TTL is longer than the logical life by this margin; it never decides whether something is expired.
local TTL_MARGIN = 600000
