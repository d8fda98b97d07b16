-- network_share: no network may use up what the whole site may start (decision 92). A network (IPv4 /24, IPv6 /48) may
-- have used as much of a rate as is still free, a provider's block (IPv4 /16, IPv6 /32) twice as much, and each of them
-- SHARE_LEAST. So one network alone ends at a half, one block at two thirds, and however many there are, each of them
-- stops before nothing is free.
-- Starts count for both from a quarter of a rate on. Below, a start costs what it would without shares, and nobody is
-- refused before a half is used.
local SHARE_LEAST = 10

-- The network and the block of a bucket, as codesvc.domain.addresses writes them; nil for any other text: no address, and
-- what logins of apps count by (codesvc.service.start_lanes).
local function surroundings(address)
  local network, block = string.match(address, '^((%d+%.%d+)%.%d+)%.%d+$')
  if network then return network, block end
  return string.match(address, '^((%x%x%x%x%x%x%x%x)%x%x%x%x)%x%x%x%x$')
end

-- The shares that a start from `address` counts in; none while less than a quarter of `whole`, the site's window, is used.
local function open_shares(whole, rates, address)
  for _, rate in ipairs(whole.rates) do
    local quarter = math.ceil(rate[1] / 4)
    if wait_under(whole, {{quarter, rate[2]}}) > 0 then
      local network, block = surroundings(address)
      if not network then return {} end
      return {
        {times = 1, used = window(key('window', 'network_share', A.site, network), rates)},
        {times = 2, used = window(key('window', 'block_share', A.site, block), rates)},
      }
    end
  end
  return {}
end

-- How long until a share allows one more start: after that many of its own starts, or of all starts, have left. All that
-- counts for a rate is in a window's length, so the lengths already say where nothing can be refused.
local function wait_for_share(whole, share)
  local wait, used, times = 0, share.used, share.times
  for _, rate in ipairs(whole.rates) do
    if used.length >= SHARE_LEAST and used.length >= times * (rate[1] - whole.length) then
      local before, before_all = before_rate(used, rate), before_rate(whole, rate)
      local own, free = used.length - before, rate[1] - (whole.length - before_all)
      local over = own - times * free
      if over >= 0 and own >= SHARE_LEAST then
        local own_leave = math.min(math.floor(over / (1 + times)) + 1, own - SHARE_LEAST + 1)
        local any_leave = math.floor(over / times) + 1
        local first = math.min(time_at(used, before + own_leave), time_at(whole, before_all + any_leave))
        wait = math.max(wait, first + rate[2] - now)
      end
    end
  end
  return wait
end
