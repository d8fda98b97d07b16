-- disowning: what "this was not me" stops (disown.lua). Verifications are stopped one by one, because their sites hear of
-- it. For everything else that a WeChat account has asked for or agreed to, the time of the latest "not me" is kept:
-- tickets, handles, login codes, and logins whose outcome nobody has used yet. The scripts that use one of them compare
-- its time with this one. It is kept longer than all of them.

local function note_disowning(openid)
  redis.call('SET', account_key('disowned', openid), string.format('%.0f', now), 'PX', EVICTION_KEPT)
end

-- Whether that was at or after `since`, ms. If the clock was set back after it, its time becomes the latest that is before
-- now, as that of a loss (eviction.lua). What has a time later than now began before the clock was set back.
local function has_disowned(openid, since)
  local at = account_key('disowned', openid)
  local disowned = tonumber(redis.call('GET', at))
  if not disowned then return false end
  if disowned > now then
    disowned = now - 1
    redis.call('SET', at, string.format('%.0f', disowned), 'KEEPTTL')
  end
  return tonumber(since) <= disowned or tonumber(since) > now
end
