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

-- The windows of wrong codes for the contact of a message `m`: a sign-up has another user each time, so the budget of its
-- user says nothing about the contact. `known` as in the record of the verification. Wrong codes count whether or not the
-- gateway is used, or the count would say who is bound (rule 7). An authentic scan lifts it, for it is not the contact's
-- code then that is typed (rule 3).
local function contact_guesses(m, known)
  local at = key('window', 'contact_guesses', m.site, m.whom)
  if known == '1' or not m.region then return {window(at, A.user_guesses)} end
  local there = key('window', 'contact_guesses', m.site, m.whom .. '/' .. m.region)
  local whole = window(at, A.user_guesses)
  return {window_in(whole.packed, at, for_strangers(A.user_guesses)), window(there, for_region(A.user_guesses)), whole}
end

-- Of two answers of `left_of` for limits with as many rates, what remains under both.
local function fewer(one, other)
  local others = string.gmatch(other, '(%-?%d+)/(%d+)')
  return (string.gsub(one, '(%-?%d+)/%d+', function(count)
    local theirs, span = others()
    if tonumber(theirs) < tonumber(count) then return theirs .. '/' .. span end
  end))
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
