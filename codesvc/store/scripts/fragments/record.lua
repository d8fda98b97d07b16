-- record: reading and moving one verification. A record is a Lua table of its hash's fields, plus `at`, its key.
local function read_record(at)
  local flat = redis.call('HGETALL', at)
  if #flat == 0 then return nil end
  local r = {at = at}
  for i = 1, #flat, 2 do r[flat[i]] = flat[i + 1] end
  return r
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

-- The trail: what happened to a verification and when, as 'ms-since-its-start:word' or '…:word/detail' (codesvc.trail).
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

local function write(r, changes)
  local flat = {}
  for field, value in pairs(changes) do
    if type(value) == 'number' then value = string.format('%.0f', value) end
    r[field] = value
    flat[#flat + 1] = field
    flat[#flat + 1] = value
  end
  redis.call('HSET', r.at, unpack(flat))
end

local function end_as(r, status)
  if not VERIFICATION_MOVES[r.status][status] then error('illegal transition ' .. r.status .. ' to ' .. status) end
  write(r, {status = status, ended = now, trail = trailed(r, status, status == 'approved' and r.basis or nil)})
  redis.call('ZREM', key('live', r.site, r.purpose, r.address, r.user), r.id)
end

-- Every call that shows a verification answers in this form: outcome, now, record, what else, what limits leave after the
-- call (if it has any), and first times of this act.
local function answer(outcome, r, extra, left)
  local flat = {}
  for field, value in pairs(r) do
    if field ~= 'at' then
      flat[#flat + 1] = field
      flat[#flat + 1] = value
    end
  end
  return {outcome, now, flat, extra or 0, left or '', firsts[r.id] or ''}
end

-- Publishing only wakes; whoever hears it reads the state again.
local function wake(r) redis.call('PUBLISH', A.channel, r.id) end
