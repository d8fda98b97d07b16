-- Purpose: test whether the store accepts writes, and read what a process notices losses by. By the partition's mark it
--   notices that the data are gone; by its own latest turn, that the store lost its latest writes. A turn is the time of
--   a look, or follows the turn before it where that is not earlier, so that turns rise whatever the clock does. The
--   value written to `probe` is never read. Without `id` neither a mark nor a turn is written.
-- KEYS: probe mark turns lost_writes
-- ARGS: offset id mark turn
--   mark, turn: what the caller got at its latest look; '' and 0 at its first.
-- OUTCOMES: done
-- USES: clock
-- REPLY done: mark turn lost_since lost_until
--   lost_since, lost_until: between which turns writes were lost within the last day; 0 if none were.

local MOST_TURNS, DAY = 256, 86400000

redis.call('SET', K.probe, '1', 'PX', 1000)
local mark = redis.call('GET', K.mark)
if A.id == '' then return {'done', now, mark or '', 0, 0, 0} end
-- The turn that this store acknowledged to the caller; 0 if another store did, or this one before it was emptied.
local acknowledged = A.mark == mark and tonumber(A.turn) or 0
if not mark then
  mark = string.format('%.0f', now) .. '-' .. A.id
  redis.call('SET', K.mark, mark)
end

local own = tonumber(redis.call('ZSCORE', K.turns, A.id) or '')
local latest = tonumber(redis.call('ZREVRANGE', K.turns, 0, 0, 'WITHSCORES')[2] or '')
local lost_since, lost_until = string.match(redis.call('GET', K.lost_writes) or '', '^(%d+)-(%d+)$')
lost_since, lost_until = tonumber(lost_since), tonumber(lost_until)
-- A caller without a turn may have been pushed out by others, if their number is at its limit.
if (own or 0) < acknowledged and (own or redis.call('ZCARD', K.turns) < MOST_TURNS) then
  lost_since = math.min(lost_since or acknowledged, own or latest or acknowledged, acknowledged - 1)
  lost_until = math.max(lost_until or 0, acknowledged)
  redis.call('SET', K.lost_writes, string.format('%.0f-%.0f', lost_since, lost_until), 'PX', DAY)
end

local turn = math.max(now, (latest or 0) + 1)
redis.call('ZADD', K.turns, string.format('%.0f', turn), A.id)
redis.call('ZREMRANGEBYRANK', K.turns, 0, -MOST_TURNS - 1)
return {'done', now, mark, turn, lost_since or 0, lost_until or 0}
