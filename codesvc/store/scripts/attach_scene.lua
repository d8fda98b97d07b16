-- Purpose: attach a QR code to a verification when a page first requests the image. It is taken from the pool. If
--   that is empty, the call that makes one with this `scene` is charged, and the QR code is passed as `minted` then; both
--   are '' else. It goes into the pool first, so it is not lost if the page got another one or has ended meanwhile. The
--   user's binding makes no difference (rule 7).
-- KEYS: record pool pool_server day outbox
-- ARGS: offset root account topic site scene minted needed sites assumed_daily reserve appid
-- OUTCOMES: attached empty closed ended absent limited
-- USES: clock names former_site record quota_alert quota pool_server pool
-- REPLY attached: record pool_left _ new_steps
-- REPLY empty closed ended: record _ _ new_steps
--   limited: the day's quota, or the site's part of it, is used up

if A.minted ~= '' then put_in_pool(A.minted) end
local r = read_record(K.record)
if not r or is_gone(r) or (A.site ~= '' and r.site ~= A.site) then return {'absent', now} end
if status_of(r) ~= 'pending' then return answer('ended', r) end
if r.scan == 'off' then return answer('closed', r) end
-- If it is disclosed that no scan can bring this code, no QR code is used up for it.
if r.disclose_binding == '1' and r.delivery == 'failed' and r.reason == 'no-binding' then return answer('closed', r) end
if r.scene then return answer('attached', r, redis.call('LLEN', K.pool)) end

local scene, url, why_none = take_qr_code(r.site, r.purpose == 'reset')
if why_none == 'limited' then return {'limited', now} end
if not scene then return answer('empty', r) end
write(r, {scene = scene, scene_url = url, trail = with_step(r, 'shown')})
redis.call('SET', account_key('scene', scene), 'vf:' .. r.id, 'PX', string.format('%.0f', r.created + r.code_max_life - now + TTL_MARGIN))
return answer('attached', r, redis.call('LLEN', K.pool))
