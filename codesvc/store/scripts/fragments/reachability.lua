-- reachability: whether a WeChat account can receive messages of the Official Account, and whether its binding still
-- protects its user.
-- `gone`: the person stopped following. They may come back, and their binding protects the user meanwhile.
-- `unknown`: WeChat answered 40003: the account has no such openid, so nobody can ever act as it. The value is when, in
-- ms, or 'moved' for an openid of another appid that has no successor here.

-- Why no message reaches this openid, '' if one may.
local function why_unreachable(openid)
  if redis.call('EXISTS', account_key('unknown', openid)) == 1 then return 'unknown-openid' end
  if redis.call('EXISTS', account_key('gone', openid)) == 1 then return 'not-following' end
  return ''
end

-- Whether this person wants no messages for now (disown.lua).
local function is_muted(openid)
  local muted_until = redis.call('GET', account_key('muted', openid))
  return muted_until and now < tonumber(muted_until)
end

-- Whether a binding is void: its openid is of no use, and it protects nobody, so that another WeChat account may take
-- its place as if the user were not bound. Only a binding whose openid a site or a file has named can become void by an
-- errcode. An openid that WeChat itself has named on this account stays the owner, whatever a later errcode says
-- (rule 6). `void` is the field of that name: the binding came from another appid, and its openid has no successor
-- here.
local function is_void(openid, made_by, void)
  if void then return true end
  if made_by ~= 'import' and made_by ~= 'openid' then return false end
  return redis.call('EXISTS', account_key('unknown', openid)) == 1
end

-- Callbacks come late, and repeated, but not later than this, ms.
local LATEST_CALLBACK = 60000

-- This openid did something in the chat, by a callback that is not forgeable. So WeChat knows it, and it follows the
-- Official Account, as only followers can act there. A mark that says otherwise is wrong: an openid may have been
-- refused by mistake, a return may have been lost, or another back end may have reported a departure that was none.
-- Only a departure of the last minute may be newer than the activity, whose callback can be late. An openid of another
-- appid ('moved') never acts here, whatever a callback says.
local function note_presence(openid)
  local unknown, gone = account_key('unknown', openid), account_key('gone', openid)
  local mark = redis.call('GET', unknown)
  if mark and mark ~= 'moved' then redis.call('DEL', unknown) end
  local left = tonumber(redis.call('GET', gone))
  if left and now - left > LATEST_CALLBACK then
    redis.call('DEL', gone)
    redis.call('ZREM', account_key('leavers'), openid)
  end
end
