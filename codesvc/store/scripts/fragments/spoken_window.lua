-- spoken_window: until when customer-service messages may go to a person (WECHAT.md 8). `spoke` holds that moment in ms, by
-- the clock of the scripts: its TTL only removes it.
local function window_ends(at) return tonumber(redis.call('GET', at) or 0) end

-- A shorter window never shortens a longer one.
local function open_window(at, length)
  local kept = math.max(length + TTL_MARGIN, redis.call('PTTL', at))
  redis.call('SET', at, string.format('%.0f', now + length), 'PX', string.format('%.0f', kept))
end
