-- recent_activity: the latest pushes and verifications of one user or one WeChat account, in one value. It contains:
-- the number of times that follow (LONG_TIMES: the times are in the window's list); whether live verifications are in
-- other lists too (start.lua); the times of pushes, as in a window; and the latest verifications, oldest first, each
-- with its length in front. The `vf_` of ids is left out. Saving never shortens the value's TTL.
-- A push that is voided before it was sent is taken back from the times. So a few more than the rates need are kept:
-- otherwise an event that was dropped for the voided one would be missing.
local LONG_TIMES = 255
local SPARE_TIMES = 16

local function read_recent_activity(at, rates, shared)
  local raw = redis.call('GET', at) or '\0\0'
  local count, scattered = string.byte(raw, 1, 2)
  local packed = count == LONG_TIMES and LONG or string.sub(raw, 3, 2 + 6 * count)
  local g = {at = at, scattered = scattered == 1, times = window_in(packed, at, rates, shared), entries = {}}
  g.times.spare = SPARE_TIMES
  local place = 3 + (count == LONG_TIMES and 0 or 6 * count)
  while place <= #raw do
    local length = string.byte(raw, place)
    g.entries[#g.entries + 1] = string.sub(raw, place + 1, place + length)
    place = place + 1 + length
  end
  return g
end

-- Add an entry. Returns the entry that was removed to make room, or nil.
local function enter(g, entry)
  g.entries[#g.entries + 1] = entry
  if #g.entries <= MOST_RECENT then return nil end
  local oldest = g.entries[1]
  g.entries = {unpack(g.entries, 2)}
  return oldest
end

local function save_recent_activity(g, life)
  local packed = g.times.packed
  local head = packed == LONG and string.char(LONG_TIMES) or string.char(#packed / 6)
  local parts = {head, g.scattered and '\1' or '\0', packed ~= LONG and packed or ''}
  for _, entry in ipairs(g.entries) do parts[#parts + 1] = string.char(#entry) .. entry end
  life = math.max(life, g.times.span + TTL_MARGIN, redis.call('PTTL', g.at))
  redis.call('SET', g.at, table.concat(parts), 'PX', life)
end
