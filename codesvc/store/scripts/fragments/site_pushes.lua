-- site_pushes: what one site has pushed to a WeChat account. The account's recent activity counts what all its sites have.
-- A site sees whether a push was made: in the state of a delivery that is disclosed, and in the calls of its own gateway. If
-- what other sites have sent decided over such a push, it would tell which of their users this person is (rule 7). So over
-- a push that its site sees, only the site's own pushes decide, and over all others those of the account.
-- The same holds for `不是我`: it mutes what no site sees, and a site that pushed in the day before it.
local MUTE_LASTS = 86400000
-- A mute reads the times of the day before it.
local ALSO_KEPT = string.format('1/%d', 2 * MUTE_LASTS)

-- The window of a site's pushes, under its rates; '' where it is only read, or an event is taken back.
local function pushes_of_site(site, openid, rates)
  local w = window(account_key('openid_window', 'site_pushes', site .. ':' .. openid), rates, ALSO_KEPT)
  w.spare = SPARE_TIMES
  return w
end

-- Whether a push that its site sees is muted; `own` are the site's pushes.
local function is_muted_for(own, openid)
  local ends = muted_until(openid)
  if not ends then return false end
  local said = ends - MUTE_LASTS
  return outside(own, said - 1) > outside(own, said - MUTE_LASTS)
end

local function withdraw_site_push(site, openid, counted_at)
  local own = pushes_of_site(site, openid, '')
  if withdraw_event(own, counted_at) and own.packed ~= LONG then redis.call('SET', own.at, own.packed, 'KEEPTTL') end
end
