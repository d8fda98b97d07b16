-- pool: taking a QR code from those minted ahead, or the one handed in (`A.minted`: made on demand, the pool was empty).
-- Pool entries are 'expires-in-ms-since-1970 scene url'; WeChat's clock counts, not ours, so the test offset is left out.
-- Answers scene and url; or nil and why: 'empty', or 'limited' where the day's quota or the site's part of it is gone.
local function take_picture(site, reset)
  local real_now = now - tonumber(A.offset)
  local entry = A.minted ~= '' and A.minted or redis.call('LPOP', K.pool)
  while entry do
    local expires, scene, url = string.match(entry, '^(%d+) (%S+) (%S+)$')
    if expires and tonumber(expires) >= real_now + tonumber(A.needed) then
      if take_quota(K.day, site, reset) == 'yes' then return scene, url end
      redis.call('LPUSH', K.pool, entry)
      redis.call('PEXPIRE', K.pool, 86400000)
      return nil, 'limited'
    end
    entry = redis.call('LPOP', K.pool)
  end
  return nil, 'empty'
end
