-- keyword_rates: limits how many keywords one WeChat account may send. The argument of this name has the rates of all
-- sites of the Official Account: 'N/T …;site=N/T …;…', at most N in T ms. The rates before the first ';' are those of all
-- sites that are not named. All sites share one window, which is large enough for every rate. Each site applies its own
-- rates to it.

-- The largest N and the longest T of all sites as one rate: the size of the shared window; '' without rates.
local function widest_of(rates)
  local most, longest = 0, 0
  for count, span in string.gmatch(rates, '(%d+)/(%d+)') do
    most, longest = math.max(most, tonumber(count)), math.max(longest, tonumber(span))
  end
  return most > 0 and string.format('%.0f/%.0f', most, longest) or ''
end
local function keyword_window(at, rates) return window(at, '', widest_of(rates)) end

local function wait_at_rates(w, rates)
  w.rates = {}
  for count, span in string.gmatch(rates, '(%d+)/(%d+)') do w.rates[#w.rates + 1] = {tonumber(count), tonumber(span)} end
  return wait_for(w)
end

-- How many ms a keyword of this site has to wait, 0 if it is allowed now.
local function keyword_wait(w, rates, site)
  local _, before = string.find(rates, ';' .. site .. '=', 1, true)
  return wait_at_rates(w, string.match(rates, '^[^;]*', (before or 0) + 1))
end

-- The same for a text that is not a known keyword: the shortest wait of all sites, because the person could mean any
-- of them.
local function guess_wait(w, rates)
  local least = wait_at_rates(w, string.match(rates, '^[^;]*'))
  for of_site in string.gmatch(rates, ';[^=]*=([^;]*)') do least = math.min(least, wait_at_rates(w, of_site)) end
  return least
end
