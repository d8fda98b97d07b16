-- Purpose: give a verification its QR code when a page first asks for the picture: from the pool, or the one handed in
--   (minted on demand because the pool was empty). Bound or not makes no difference here (rule 7).
--   Pool entries are 'expires-in-ms-since-1970 scene url'; WeChat's clock counts, not ours, so the test offset is left out.
-- KEYS: record pool day
-- ARGS: offset root account channel site minted needed sites assumed_daily reserve
-- OUTCOMES: attached empty closed ended absent limited
-- USES: clock names record quota
--   attached: {outcome, now, record, left in the pool}; limited: {outcome, now}, the day's quota or the site's part is gone

local r = read_record(K.record)
if not r or is_gone(r) or (A.site ~= '' and r.site ~= A.site) then return {'absent', now} end
if status_of(r) ~= 'pending' then return answer('ended', r) end
if r.scan == 'off' then return answer('closed', r) end
if r.scene then return answer('attached', r, redis.call('LLEN', K.pool)) end

local real_now = now - tonumber(A.offset)
local entry = A.minted ~= '' and A.minted or redis.call('LPOP', K.pool)
while entry do
  local expires, scene, url = string.match(entry, '^(%d+) (%S+) (%S+)$')
  if expires and tonumber(expires) >= real_now + tonumber(A.needed) then
    if not take_quota(K.day, r.site, r.purpose == 'reset') then
      redis.call('LPUSH', K.pool, entry)
      redis.call('PEXPIRE', K.pool, 86400000)
      return {'limited', now}
    end
    write(r, {scene = scene, scene_url = url})
    redis.call('SET', account_key('scene', scene), 'vf:' .. r.id, 'PX', string.format('%.0f', r.latest - now + TTL_MARGIN))
    return answer('attached', r, redis.call('LLEN', K.pool))
  end
  entry = redis.call('LPOP', K.pool)
end
return answer('empty', r)
