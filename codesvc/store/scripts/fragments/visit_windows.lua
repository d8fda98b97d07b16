-- visit_windows: the windows of the codes of web authorisation that come from an address and from its network, which many
-- people may share. What anybody can begin has windows of its own, so that invented codes keep others out of nothing else
-- (rule 3). The lanes: `login` for logins, which apps and many sites begin for every visitor; `own` for bind intents,
-- tickets and messages, which are somebody's. An intent that is no longer kept may have been a login.
local function lane_of_visit(intent)
  if intent == '' then return 'own' end
  local r = read_record(key('intent', intent))
  return r and r.kind == 'bi' and 'own' or 'login'
end

local function visit_windows(lane)
  return window(account_key('openid_window', 'visit_address_' .. lane, A.address), A.address_rates),
    window(account_key('openid_window', 'visit_network_' .. lane, A.network), A.network_rates)
end
