-- Purpose: give a verification its QR code when a page first asks for the picture: from the pool, or the one handed in
--   (minted on demand because the pool was empty). Bound or not makes no difference here (rule 7).
-- KEYS: record pool day outbox
-- ARGS: offset root account channel site minted needed sites assumed_daily reserve appid
-- OUTCOMES: attached empty closed ended absent limited
-- USES: clock names record quota_alert quota pool
-- REPLY attached: record pool_left _ firsts
-- REPLY empty closed ended: record _ _ firsts
--   limited: the day's quota, or the site's part of it, is used up

local r = read_record(K.record)
if not r or is_gone(r) or (A.site ~= '' and r.site ~= A.site) then return {'absent', now} end
if status_of(r) ~= 'pending' then return answer('ended', r) end
if r.scan == 'off' then return answer('closed', r) end
-- Where everybody may know that no scan can bring this code, none is spent on showing one.
if r.disclose == '1' and r.delivery == 'failed' and r.reason == 'no-binding' then return answer('closed', r) end
if r.scene then return answer('attached', r, redis.call('LLEN', K.pool)) end

local scene, url = take_picture(r.site, r.purpose == 'reset')
if url == 'limited' then return {'limited', now} end
if not scene then return answer('empty', r) end
write(r, {scene = scene, scene_url = url, trail = trailed(r, 'shown')})
redis.call('SET', account_key('scene', scene), 'vf:' .. r.id, 'PX', string.format('%.0f', r.created + r.max_life - now + TTL_MARGIN))
return answer('attached', r, redis.call('LLEN', K.pool))
