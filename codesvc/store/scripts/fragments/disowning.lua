-- disowning: what "this was not me" stops (disown.lua). Verifications are stopped one by one, because each stop is an
-- event for their sites. For everything else that a WeChat account has asked for or agreed to, the time of the latest
-- "not me" is kept: tickets, handles, login codes, and logins whose outcome nobody has used yet. The scripts that use
-- one of them compare its time with the time of the "not me", which is kept longer than all of them.

local function note_disowning(openid)
  redis.call('SET', account_key('disowned', openid), string.format('%.0f', now), 'PX', EVICTION_KEPT)
end

-- Whether the latest "not me" was at or after `since`, ms.
local function has_disowned(openid, since)
  local at = account_key('disowned', openid)
  local marked = time_of_mark(redis.call('GET', at), function(time) redis.call('SET', at, time, 'KEEPTTL') end)
  return is_marked_since(marked, since)
end
