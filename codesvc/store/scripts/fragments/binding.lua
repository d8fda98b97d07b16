-- binding: making and removing bindings; no other fragment does. Every change adds a line to the user's history.

-- The index by unionid: with it a site finds a person that it knows from another account of the same owner.
local function forget_unionid(at, site, user)
  local unionid = redis.call('HGET', at, 'unionid')
  if not unionid then return end
  redis.call('SREM', key('union', site, unionid), user)
  redis.call('HDEL', at, 'unionid')
end

-- Remove a binding. Its line, which the history does not contain while the binding exists, is added now, unless the
-- person is being forgotten.
local function part(site, user, openid, forgotten)
  local at = key('binding', site, user)
  local past = not forgotten and present(at, site)
  if past then remember(site, user, past) end
  forget_unionid(at, site, user)
  redis.call('DEL', at)
  redis.call('SREM', key('owners', site, openid), user)
  if redis.call('EXISTS', key('owners', site, openid)) == 0 then
    redis.call('DEL', account_key('unknown', openid))
  end
end

-- The name under which the person recognises the account; '' for none. It is for the bound WeChat only.
local function display_of(site, user) return redis.call('HGET', key('binding', site, user), 'display') or '' end

-- `display`: as in codesvc.domain.display_name; nil or '' keeps the present name, ' ' removes it.
local function name_binding(at, display)
  if display == ' ' then
    redis.call('HDEL', at, 'display')
  elseif display and display ~= '' then
    redis.call('HSET', at, 'display', display)
  end
end

local function renames(site, user, display)
  return display ~= '' and (display == ' ' and '' or display) ~= display_of(site, user)
end

-- `actor` as in the audit log: `key:…`, `admin:…`, `chat`, `cli`, `codesvc`.
local function remove(wanted, site, user, openid, by, actor, reason)
  part(site, user, openid, by == 'forgotten')
  remember(site, user, {event = 'removed', by = by, wechat = tag_of(site, openid), at = string.format('%.0f', now)})
  emit(wanted, site, 'binding.removed', {user = user, by = by, wechat = tag_of(site, openid)})
  audit(actor, 'binding.removed', {site = site, user = user, wechat = openid, reason = reason, detail = by})
end

-- What binding b.user to b.openid would result in: 'bound', 'same', or 'conflict' and with whom: 'user' (has another
-- WeChat) or 'wechat' (has another user). The third value is the user's present WeChat, if any.
local function verdict(b)
  local present = redis.call('HMGET', key('binding', b.site, b.user), 'openid', 'made_by', 'void')
  local current = present[1] or nil
  if current == b.openid then return 'same', nil, current end
  -- A void binding protects nobody: it is replaced as if there were none.
  local void = current and is_void(current, present[2], present[3])
  if current and not b.replace and not void then return 'conflict', 'user', current end
  local most = b.many and MOST_USERS or 1
  if redis.call('SCARD', key('owners', b.site, b.openid)) >= most then return 'conflict', 'wechat' end
  return 'bound', nil, current, void
end

-- Bind them, if the verdict allows it. A user has one WeChat; a WeChat has one user, or MOST_USERS if b.many.
local function join(b)
  local outcome, whose, current, void = verdict(b)
  local at = key('binding', b.site, b.user)
  if outcome == 'same' then name_binding(at, b.display) end
  if outcome ~= 'bound' then return outcome, whose, current end
  local known_as = current and display_of(b.site, b.user)
  if current then part(b.site, b.user, current) end
  local stamp = string.format('%.0f', now)
  local since = b.at or stamp
  redis.call('HSET', at, 'openid', b.openid, 'made_by', b.made_by, 'at', since)
  if b.source ~= '' then redis.call('HSET', at, 'source', b.source) end
  if since ~= stamp then redis.call('HSET', at, 'noted', stamp) end
  if current then redis.call('HSET', at, 'from', tag_of(b.site, current)) end
  if b.unionid and b.unionid ~= '' then
    redis.call('HSET', at, 'unionid', b.unionid)
    redis.call('SADD', key('union', b.site, b.unionid), b.user)
  end
  redis.call('SADD', key('owners', b.site, b.openid), b.user)
  redis.call('HSETNX', key('binding_account'), b.site, string.match(A.account, '(wx%x+):$'))
  redis.call('PEXPIRE', key('history', b.site, b.user), A.history_kept)
  name_binding(at, b.display)
  if current and b.tell and not void then
    notify(current, 'moved', {site = b.site, user = b.user, display = known_as})
  end
  emit(b.wanted, b.site, 'binding.created', {
    user = b.user, made_by = b.made_by, source = b.source, at = since, wechat = tag_of(b.site, b.openid),
    from = current and tag_of(b.site, current) or nil,
  })
  audit(b.actor, current and 'binding.moved' or 'binding.made', {
    site = b.site, user = b.user, wechat = b.openid, came_from = current or nil, detail = b.made_by,
  })
  return 'bound', nil, current
end
