-- pool: takes a QR code from the pool of prepared ones, and puts new ones into it. Entries are 'expires scene url',
-- where `expires` is in ms since 1970. They expire by WeChat's clock, so the test offset is left out. A QR code is
-- charged to the account before it is made (quota.lua), under its scene as the call's id, and to a site when it is
-- shown.

-- A charged QR code was made. It goes into the pool, whoever it was made for, and is the next that is taken.
local function put_in_pool(entry)
  empty_pool_of_another_server()
  local _, whose, reset = end_call(K.day, string.match(entry, '^%d+ (%S+)'))
  if whose and whose ~= 'pool' then give_back_share(K.day, whose, reset) end
  redis.call(whose == 'pool' and 'RPUSH' or 'LPUSH', K.pool, entry)
  redis.call('PEXPIRE', K.pool, 86400000)
end

-- Returns scene and url; or, as the third value, why there is none: 'limited' if the day's quota or the site's share
-- of it is used up, 'empty' if the pool is empty. With 'empty', a new QR code with the scene `A.scene` has been charged
-- to the site, unless that scene is ''.
local function take_qr_code(site, reset, stranger)
  empty_pool_of_another_server()
  local real_now = now - tonumber(A.offset)
  local entry = redis.call('LPOP', K.pool)
  while entry do
    local expires, scene, url = string.match(entry, '^(%d+) (%S+) (%S+)$')
    if expires and tonumber(expires) >= real_now + tonumber(A.needed) then
      local stock = redis.call('LLEN', K.pool) + 1
      if take_quota(K.day, site, reset, nil, stranger, stock) == 'yes' then return scene, url end
      redis.call('LPUSH', K.pool, entry)
      redis.call('PEXPIRE', K.pool, 86400000)
      return nil, nil, 'limited'
    end
    entry = redis.call('LPOP', K.pool)
  end
  if A.scene == '' or take_quota(K.day, site, reset, A.scene, stranger) == 'yes' then return nil, nil, 'empty' end
  return nil, nil, 'limited'
end
