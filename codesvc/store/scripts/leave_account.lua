-- Purpose: record that a person stopped following. Bindings stay, because that WeChat account still protects its user
--   (DESIGN rule 6). Of the person's data only user and openid are kept, and only for `unfollow_retention`. Of a person of
--   whom nothing is kept, nothing is recorded.
-- KEYS: gone leavers spoke seen
-- ARGS: offset root account topic openid sites once event tag_key
-- OUTCOMES: done
-- USES: clock names webhook binding_history reachability recipient_proof binding newcomers

-- Repeated, it says nothing of a person who has returned since (once.lua). Two events of a person that share a second
-- have the same id, but they come within that second.
local SECOND = 2000
if A.once == '1' then
  local before = redis.call('GET', K.seen)
  if before and now - tonumber(before) >= SECOND then return {'done', now} end
  redis.call('SET', K.seen, string.format('%.0f', now), 'NX', 'PX', SEEN_KEPT)
end
local first = redis.call('EXISTS', K.gone) == 0
-- The window of customer-service messages ends. If the person returns, they must write first (WECHAT.md 8).
-- The mark of the window stays, so that returning is not counted as another new person (newcomers.lua).
redis.call('SET', K.spoke, '0', 'XX', 'KEEPTTL')
if first and not is_kept(A.openid, A.sites) then return {'done', now} end
redis.call('SET', K.gone, string.format('%.0f', now))
redis.call('ZADD', K.leavers, now, A.openid)
for site, wanted in string.gmatch(A.sites, '(%S+)/(%S*)') do
  for _, user in ipairs(redis.call('SMEMBERS', key('owners', site, A.openid))) do
    if first then emit(wanted, site, 'binding.unreachable', {user = user, wechat = tag_of(site, A.openid), reason = 'not-following'}) end
    forget_unionid(key('binding', site, user), site, user)
  end
end
return {'done', now}
