-- record: reading and moving one verification, intent or ticket. A record is a Lua table of its fields, plus `at`, its key,
-- and `packed`, how it lies there: an array in MessagePack. A verification's fields lie in the order of codesvc.domain.record,
-- absent ones as nil, numbers as numbers; its id is said by its key. What has no place there, and all of intents and
-- tickets, is a table of texts in front.

local NOT_STORED = {at = true, packed = true, held = true}

local function packed_of(r)
  local placed = string.sub(r.id, 1, 3) == 'vf_'
  local flat, more = placed and flatten(r) or {cjson.null}, nil
  for field, value in pairs(r) do
    if not NOT_STORED[field] and not (placed and (PLACES[field] or field == 'id')) then
      more = more or {}
      more[field] = type(value) == 'number' and string.format('%.0f', value) or value
    end
  end
  if more then flat[1] = more end
  return cmsgpack.pack(flat)
end

local function unpack_record(at, packed)
  local flat = cmsgpack.unpack(packed)
  local r = unflatten(flat)
  if flat[1] then
    for field, value in pairs(flat[1]) do r[field] = value end
  end
  r.id = r.id or 'vf_' .. string.match(at, '[^:]*$')
  r.at, r.packed = at, packed
  return r
end

local function read_record(at)
  local packed = redis.call('GET', at)
  return packed and unpack_record(at, packed) or nil
end

-- What a record reads as now: nobody writes 'expired'.
local function status_of(r)
  if r.status == 'pending' and now >= tonumber(r.expires) then return 'expired' end
  return r.status
end

-- An ended verification is kept for a while and then reads as if it had never been.
local function is_gone(r)
  local status = status_of(r)
  if status == 'pending' then return false end
  return now >= tonumber(r.ended or r.expires) + KEPT_AFTER_END
end

-- The trail: what happened to a verification and when, as 'ms-since-its-start:word' or '…:word/detail' (codesvc.domain.timeline).
-- What happens for the first time is told with the answer as well, and counted by whoever asked: once, whatever repeats.
-- A trail that is full takes first times only, and there are few of those.
local TRAIL_LONGEST = 1500
local firsts = {}
local function trailed(r, word, detail)
  local trail = r.trail or ''
  local told = word .. (detail and detail ~= '' and '/' .. detail or '')
  local first = not string.find(trail .. ' ', ':' .. word .. '[/ ]')
  if first then firsts[r.id] = (firsts[r.id] and firsts[r.id] .. ' ' or '') .. told end
  if not first and #trail > TRAIL_LONGEST then return trail end
  return (trail ~= '' and trail .. ' ' or '') .. string.format('%.0f', now - r.created) .. ':' .. told
end

-- `life`, in ms, for a new one; otherwise it lives as long as it would have.
local function save(r, life)
  r.held = nil
  r.packed = packed_of(r)
  if life then redis.call('SET', r.at, r.packed, 'PX', life) else redis.call('SET', r.at, r.packed, 'KEEPTTL') end
end

-- A script that changes a record more than once may hold it (`r.held = true`) and save it at the end.
local function write(r, changes)
  for field, value in pairs(changes) do r[field] = value end
  if not r.held then save(r) end
end

local function end_as(r, status)
  if not VERIFICATION_MOVES[r.status][status] then error('illegal transition ' .. r.status .. ' to ' .. status) end
  write(r, {status = status, ended = now, trail = trailed(r, status, status == 'approved' and r.basis or nil)})
end

-- Every call that shows a verification answers in this form: outcome, now, {0, record, its id}, what else, what limits leave after the
-- call (if it has any), and first times of this act.
local function answer(outcome, r, extra, left)
  return {outcome, now, {0, r.packed, r.id}, extra or 0, left or '', firsts[r.id] or ''}
end

-- Publishing only wakes; whoever hears it reads the state again.
local function wake(r) redis.call('PUBLISH', A.channel, r.id) end
