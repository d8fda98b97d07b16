-- Purpose: test whether the store accepts writes, and read the partition's mark, by which a process notices that the
--   data are gone. The value written to `probe` is never read. Without `id` no mark is made.
-- KEYS: probe mark
-- ARGS: offset id
-- OUTCOMES: done
-- USES: clock
-- REPLY done: mark

redis.call('SET', K.probe, '1', 'PX', 1000)
local mark = redis.call('GET', K.mark)
if not mark and A.id ~= '' then
  mark = string.format('%.0f', now) .. '-' .. A.id
  redis.call('SET', K.mark, mark)
end
return {'done', now, mark or ''}
