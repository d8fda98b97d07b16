-- blind_guesses: the budget of guesses at codes that nobody has claimed, once the site's guess budget is spent, for
-- each purpose and code format (codesvc.domain.guessing).
local function blind_guesses(site, purpose, id)
  local format = string.sub(id, 8, 9)
  local rates = string.match(BLIND_GUESSES, ' ' .. format .. '=(%S*)')
  return window(key('window', 'blind_guesses', site, purpose .. '/' .. format), rates)
end

-- Whether new codes of this format should no longer be made. Half is left to the codes that have been given, or whoever
-- takes each guess as it comes back would have all of them refused.
local function is_half_used(w)
  local half = {}
  for i, rate in ipairs(w.rates) do half[i] = {math.ceil(rate[1] / 2), rate[2]} end
  return wait_under(w, half) > 0
end
