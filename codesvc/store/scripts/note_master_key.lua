-- Purpose: note that a process makes codes under a master key now, and read the ids of all such keys. `id` '' reads only.
--   A key is in use if a process noted it within the last `alive` ms.
-- KEYS: master_keys
-- ARGS: offset id alive
-- OUTCOMES: done
-- USES: clock
-- REPLY done: ids
--   ids: the ids of the master keys in use, in no order

if A.id ~= '' then
  redis.call('HSET', K.master_keys, A.id, string.format('%.0f', now))
  redis.call('PEXPIRE', K.master_keys, TTL_MARGIN)
end
local noted, ids = redis.call('HGETALL', K.master_keys), {}
for i = 1, #noted, 2 do
  if math.abs(now - noted[i + 1]) <= tonumber(A.alive) then
    ids[#ids + 1] = noted[i]
  elseif A.id ~= '' then
    redis.call('HDEL', K.master_keys, noted[i])
  end
end
return {'done', now, ids}
