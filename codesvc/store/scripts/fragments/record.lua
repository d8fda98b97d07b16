-- record: reading and writing of a verification, intent or ticket. In Lua a record is a table of its fields, with its
-- key in `at` and its stored form in `packed`, an array in MessagePack. For a verification the array has the fields in
-- the order of codesvc.domain.record, absent ones as nil, numbers as numbers; the id is part of the key. Its first
-- element is a table of texts with every field that has no place in the array. For intents and tickets this table holds
-- all fields.

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

-- nil also for one of a former site (former_site.lua).
local function read_record(at)
  local packed = redis.call('GET', at)
  local r = packed and unpack_record(at, packed)
  return r and not is_of_former_site(r.site, r.created) and r or nil
end

-- The status of a verification now. 'expired' is never stored.
local function status_of(r)
  if r.status == 'pending' and is_over(r.created, r.expires) then return 'expired' end
  return r.status
end

-- Whether an ended verification reads as absent: it can be read for a while after its end.
local function is_gone(r)
  local status = status_of(r)
  if status == 'pending' then return false end
  return now >= tonumber(r.ended or r.expires) + KEPT_AFTER_END
end

-- The timeline: what happened to a verification and when, as 'ms-since-its-start:kind' or '…:kind/detail'
-- (codesvc.domain.timeline). Entries of a kind that is new in this timeline are also returned with the answer, and the
-- caller counts them. So each is counted once, even if acts repeat. A timeline that is full accepts only entries of a
-- new kind; there are few of them.
local TRAIL_LONGEST = 1500
local new_steps = {}
local function with_step(r, kind, detail)
  local trail = r.trail or ''
  local entry = kind .. (detail and detail ~= '' and '/' .. detail or '')
  local first = not string.find(trail .. ' ', ':' .. kind .. '[/ ]')
  if first then new_steps[r.id] = (new_steps[r.id] and new_steps[r.id] .. ' ' or '') .. entry end
  if not first and #trail > TRAIL_LONGEST then return trail end
  return (trail ~= '' and trail .. ' ' or '') .. string.format('%.0f', now - r.created) .. ':' .. entry
end

-- `life`, in ms, is for a new record; otherwise the TTL stays.
local function save(r, life)
  r.held = nil
  r.packed = packed_of(r)
  if life then redis.call('SET', r.at, r.packed, 'PX', life) else redis.call('SET', r.at, r.packed, 'KEEPTTL') end
end

-- A script that changes a record several times can set `r.held = true` and save it at the end.
local function write(r, changes)
  for field, value in pairs(changes) do r[field] = value end
  if not r.held then save(r) end
end

local function end_as(r, status)
  if not may_move(VERIFICATION_MOVES, r.status, status) then error('illegal transition ' .. r.status .. ' to ' .. status) end
  -- The recipient of its last resort is not needed any more (contact.lua).
  if r.contact then redis.call('DEL', key('sealed', r.contact)) end
  write(r, {status = status, ended = now, trail = with_step(r, status, status == 'approved' and r.basis or nil)})
end

-- The form of every answer with a verification: outcome, now, {0, record, its id}, an extra value, what remains of the
-- limits ('' if the script has none), and the new kinds of timeline entries.
local function answer(outcome, r, extra, left)
  return {outcome, now, {0, r.packed, r.id}, extra or 0, left or '', new_steps[r.id] or ''}
end

-- A publication contains no state: subscribers read the record again.
local function wake(r) redis.call('PUBLISH', A.topic, r.id) end
