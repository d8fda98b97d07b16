-- Purpose: attach a QR code to a bind intent or login when a page first requests the image, as attach_scene does for
--   verifications, from the same pool. `scene`: of a QR code that is to be made if the pool is empty, which is then
--   charged; `minted`: the QR code that was made so ('' for none); `needed`: for how many ms a QR code must still be good;
--   `sites`: each site's part of the day's quota.
-- KEYS: intent pool pool_server day outbox
-- ARGS: offset root account topic site scene minted needed sites assumed_daily reserve appid
-- OUTCOMES: attached empty closed ended absent limited
-- USES: clock names former_site record disowning eviction intent quota_alert quota pool_server pool
-- REPLY attached: intent pool_left
-- REPLY empty closed ended: intent
--   limited: the day's quota, or the site's part of it, is used up

if A.minted ~= '' then put_in_pool(A.minted) end
local r = read_record(K.intent)
if not r or intent_gone(r) or r.site ~= A.site then return {'absent', now} end
cancel_if_from_before(r)
if r.method ~= 'scan' then return answer('closed', r) end
if not LIVE_INTENTS[intent_status(r)] then return answer('ended', r) end
if r.scene_url then return answer('attached', r, redis.call('LLEN', K.pool)) end

local scene, url, why_none = take_qr_code(r.site, false, r.stranger == '1')
if why_none == 'limited' then return {'limited', now} end
if not scene then return answer('empty', r) end
write(r, {scene_url = url})
local life = string.format('%.0f', r.expires - now + TTL_MARGIN)
redis.call('SET', account_key('scene', scene), r.kind .. ':' .. r.id, 'PX', life)
return answer('attached', r, redis.call('LLEN', K.pool))
