-- sent_verifications: the verifications whose code went to a WeChat account, while their codes or proofs are good. The latest
-- are in its recent activity, which has room for MOST_RECENT. One that is removed from there and may still be used goes to a
-- sorted set, by the time when its proof would end at the latest. So "this was not me" misses none, whatever a stranger
-- begins after it. The script that stops them all holds the store, so nothing more is sent while MOST_SENT are in the set.

-- For how many ms nothing may be sent to this WeChat account, 0 if something may.
local function sent_wait(theirs, openid)
  if #theirs.entries < MOST_RECENT then return 0 end
  local at = account_key('sent', openid)
  if redis.call('ZCARD', at) < MOST_SENT then return 0 end
  redis.call('ZREMRANGEBYSCORE', at, '-inf', string.format('%.0f', now))
  if redis.call('ZCARD', at) < MOST_SENT then return 0 end
  return tonumber(redis.call('ZRANGE', at, 0, 0, 'WITHSCORES')[2]) - now
end

local function enter_sent(theirs, openid, id)
  local dropped = enter(theirs, string.sub(id, 4))
  local r = dropped and read_record(record_at('vf_' .. dropped))
  if not r or r.status ~= 'pending' and r.status ~= 'approved' then return end
  local ends, at = r.created + r.code_max_life + PROOF_LIFE, account_key('sent', openid)
  if ends <= now then return end
  redis.call('ZADD', at, string.format('%.0f', ends), dropped)
  redis.call('ZREMRANGEBYSCORE', at, '-inf', string.format('%.0f', now))
  redis.call('PEXPIRE', at, string.format('%.0f', math.max(ends - now + TTL_MARGIN, redis.call('PTTL', at))))
end

-- Their records, without those that are disarmed. `entries` are those of the recent activity, and others if need be.
-- What has ended leaves the set, so that whoever says "not me" again does not have all of it read again.
local function records_sent(openid, entries)
  local found, known, at = {}, {}, account_key('sent', openid)
  local function look_at(entry)
    local r = not known[entry] and read_record(record_at('vf_' .. entry))
    known[entry] = true
    local good = r and r.sent_to == openid and r.disarmed ~= '1'
    if good then found[#found + 1] = r end
    return good and (r.status == 'pending' or r.status == 'approved')
  end
  for _, entry in ipairs(entries) do look_at(entry) end
  for _, entry in ipairs(redis.call('ZRANGE', at, 0, -1)) do
    if not known[entry] and not look_at(entry) then redis.call('ZREM', at, entry) end
  end
  return found
end
