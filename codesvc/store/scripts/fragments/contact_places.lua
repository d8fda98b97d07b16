-- contact_places: who may use up the limits of a contact (decision 50). A person without a WeChat account cannot use a
-- scan instead, so strangers must not be able to spend all messages or all guesses of their contact. A place is a network, as
-- a keyed hash; it is known once a code from the gateway was typed there. Strangers leave a third of each rate to known
-- places, and a provider's block of addresses has half of a rate at most.
local MOST_PLACES = 8
local PLACE_KEPT = 90 * 86400000

-- Rates with other counts.
local function with_counts(rates, change)
  return (string.gsub(rates, '(%d+)/', function(count) return string.format('%.0f/', change(tonumber(count))) end))
end
local function for_strangers(rates)
  return with_counts(rates, function(count) return count - math.floor(count / 3) end)
end
local function for_region(rates)
  return with_counts(rates, function(count) return math.min(count, math.max(2, math.ceil(count / 2))) end)
end

local function is_known_place(site, whom, place)
  local known = redis.call('GET', key('known_places', site, whom)) or ''
  return place ~= '' and string.find(known, place, 1, true) ~= nil
end

-- `m` is the message of the contact whose code was typed, and that no WeChat account had.
local function remember_place(m)
  if not m or not m.place then return end
  local at, kept = key('known_places', m.site, m.whom), {m.place}
  for place in string.gmatch(redis.call('GET', at) or '', '%S+') do
    if place ~= m.place and #kept < MOST_PLACES then kept[#kept + 1] = place end
  end
  redis.call('SET', at, table.concat(kept, ' '), 'PX', PLACE_KEPT + TTL_MARGIN)
end
