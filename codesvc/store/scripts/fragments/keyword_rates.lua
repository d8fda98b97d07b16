-- keyword_rates: the limits on keywords of one WeChat, of all sites of its account: 'N/T …;site=N/T …;…'. In front stand
-- the rates of all sites that are not named. The window is the account's and holds what any of its sites needs; each
-- site's own rates decide over it.
local function widest_of(words)
  local most, longest = 0, 0
  for count, span in string.gmatch(words, '(%d+)/(%d+)') do
    most, longest = math.max(most, tonumber(count)), math.max(longest, tonumber(span))
  end
  return most > 0 and string.format('%.0f/%.0f', most, longest) or ''
end
local function keyword_window(at, words) return window(at, '', widest_of(words)) end

local function wait_at_rates(w, rates)
  w.rates = {}
  for count, span in string.gmatch(rates, '(%d+)/(%d+)') do w.rates[#w.rates + 1] = {tonumber(count), tonumber(span)} end
  return wait_for(w)
end

-- How long a keyword of this site has to wait.
local function keyword_wait(w, words, site)
  local _, before = string.find(words, ';' .. site .. '=', 1, true)
  return wait_at_rates(w, string.match(words, '^[^;]*', (before or 0) + 1))
end

-- The same for a text that is no site's keyword: it counts as long as it could have been the keyword of some site.
local function guess_wait(w, words)
  local least = wait_at_rates(w, string.match(words, '^[^;]*'))
  for rates in string.gmatch(words, ';[^=]*=([^;]*)') do least = math.min(least, wait_at_rates(w, rates)) end
  return least
end
