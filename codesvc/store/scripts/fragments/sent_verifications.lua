-- sent_verifications: the verifications whose code went to a WeChat account, while their codes or proofs are good. The latest
-- are in its recent activity, which has room for MOST_RECENT. One that is removed from there and may still be used goes to a
-- sorted set, by the time when its proof would end at the latest. So "this was not me" misses none, whatever a stranger
-- begins after it. The set has no limit of its own: the limits of messages to this WeChat account bound it.

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
local function records_sent(openid, entries)
  local found, known = {}, {}
  for _, list in ipairs({entries, redis.call('ZRANGE', account_key('sent', openid), 0, -1)}) do
    for _, entry in ipairs(list) do
      local r = not known[entry] and read_record(record_at('vf_' .. entry))
      if r and r.sent_to == openid and r.disarmed ~= '1' then found[#found + 1] = r end
      known[entry] = true
    end
  end
  return found
end
