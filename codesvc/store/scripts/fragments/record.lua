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
  write(r, {status = status, ended = now})
  redis.call('ZREM', key('live', r.site, r.purpose, r.address, r.user), r.id)
end

-- Every call that shows a verification answers in this form. `left` is what limits leave after the call, if it has any.
local function answer(outcome, r, extra, left)
  local flat = {}
  for field, value in pairs(r) do
    if field ~= 'at' then
      flat[#flat + 1] = field
      flat[#flat + 1] = value
    end
  end
  return {outcome, now, flat, extra or 0, left}
end

-- Publishing only wakes; whoever hears it reads the state again.
local function wake(r) redis.call('PUBLISH', A.channel, r.id) end
