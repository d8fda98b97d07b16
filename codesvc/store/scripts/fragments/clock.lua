-- clock: now, in ms since 1970, by the store's clock and test mode's offset (DESIGN rule 3).
local clock_parts = redis.call('TIME')
local now = clock_parts[1] * 1000 + math.floor(clock_parts[2] / 1000) + tonumber(A.offset)
-- A TTL outlives the logical end by this and decides nothing.
local TTL_MARGIN = 600000
