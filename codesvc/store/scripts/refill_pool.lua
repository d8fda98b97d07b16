-- Purpose: charge the call that makes a QR code for an account's pool, if the pool has fewer than `size` and the day's
--   quota allows it, after the one that was charged last (`minted`, '' for none) was put into it.
-- KEYS: pool pool_server day outbox
-- ARGS: offset appid scene minted size sites assumed_daily reserve
-- OUTCOMES: begun done limited
-- USES: clock quota_alert quota pool_server pool
--   done: the pool is full

if A.minted == '' then empty_pool_of_another_server() else put_in_pool(A.minted) end
if redis.call('LLEN', K.pool) >= tonumber(A.size) then return {'done', now} end
if take_for_pool(K.day, A.scene) ~= 'yes' then return {'limited', now} end
return {'begun', now}
