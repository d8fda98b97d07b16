-- pool: takes a QR code from the pool of prepared ones, or the one in `A.minted` (made on demand because the pool was
-- empty). Entries are 'expires-in-ms-since-1970 scene url'. They expire by WeChat's clock, so the test offset is left
-- out. Returns scene and url; or nil and the reason: 'empty', or 'limited' if the day's quota or the site's share of it
-- is used up.
local function take_picture(site, reset, stranger)
  empty_pool_of_another_server()
  local real_now = now - tonumber(A.offset)
  local entry = A.minted ~= '' and A.minted or redis.call('LPOP', K.pool)
  while entry do
    local expires, scene, url = string.match(entry, '^(%d+) (%S+) (%S+)$')
    if expires and tonumber(expires) >= real_now + tonumber(A.needed) then
      if take_quota(K.day, site, reset, nil, stranger) == 'yes' then return scene, url end
      redis.call('LPUSH', K.pool, entry)
      redis.call('PEXPIRE', K.pool, 86400000)
      return nil, 'limited'
    end
    entry = redis.call('LPOP', K.pool)
  end
  return nil, 'empty'
end
