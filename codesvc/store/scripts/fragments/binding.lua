-- binding: the only place where a user and a WeChat are joined or parted. Every change leaves a line in the history.
-- The history names a WeChat by a tag that tells whether two lines mean the same one, and from which nobody gets back
-- to an openid: it outlives the binding, and what is kept of a person must not (codesvc.binding draws the same tag).
local function tag_of(site, openid) return string.sub(redis.sha1hex(site .. '/' .. openid), 1, 12) end

local function remember(site, user, entry)
  local list = key('history', site, user)
  entry.at = string.format('%.0f', now)
  redis.call('RPUSH', list, cjson.encode(entry))
  redis.call('LTRIM', list, -HISTORY_LENGTH, -1)
  redis.call('PEXPIRE', list, A.history_kept)
end

-- Index by unionid: how a site finds the same person that it knows from another account of the same owner.
local function forget_unionid(at, site, user)
  local unionid = redis.call('HGET', at, 'unionid')
  if not unionid then return end
  redis.call('SREM', key('union', site, unionid), user)
  redis.call('HDEL', at, 'unionid')
end

local function part(site, user, openid)
  local at = key('binding', site, user)
  forget_unionid(at, site, user)
  redis.call('DEL', at)
  redis.call('SREM', key('owners', site, openid), user)
end

-- `actor` is who did it, as the audit log names people: `key:…`, `admin:…`, `chat`, `cli`, `codesvc`.
local function remove(wanted, site, user, openid, by, actor, reason)
  part(site, user, openid)
  remember(site, user, {event = 'removed', by = by, wechat = tag_of(site, openid)})
  emit(wanted, site, 'binding.removed', {user = user, by = by, wechat = tag_of(site, openid)})
  audit(actor, 'binding.removed', {site = site, user = user, wechat = openid, reason = reason, detail = by})
end

-- What joining b.user to b.openid would come to: 'bound' or 'same'; or 'conflict' and whose it is: 'user' (has another
-- WeChat) or 'wechat' (has another user). The WeChat that the user has now, if any, comes third.
local function verdict(b)
  local current = redis.call('HGET', key('binding', b.site, b.user), 'openid')
  if current == b.openid then return 'same', nil, current end
  if current and not b.replace then return 'conflict', 'user', current end
  if not b.many and redis.call('SCARD', key('owners', b.site, b.openid)) > 0 then return 'conflict', 'wechat' end
  return 'bound', nil, current
end

-- Join them, if the verdict allows it. One WeChat a user; one user a WeChat, unless b.many.
local function join(b)
  local outcome, whose, current = verdict(b)
  if outcome ~= 'bound' then return outcome, whose, current end
  local at = key('binding', b.site, b.user)
  if current then part(b.site, b.user, current) end
  local since = b.at or string.format('%.0f', now)
  redis.call('HSET', at, 'openid', b.openid, 'made_by', b.made_by, 'at', since, 'source', b.source)
  if b.unionid and b.unionid ~= '' then
    redis.call('HSET', at, 'unionid', b.unionid)
    redis.call('SADD', key('union', b.site, b.unionid), b.user)
  end
  redis.call('SADD', key('owners', b.site, b.openid), b.user)
  remember(b.site, b.user, {
    event = current and 'moved' or 'bound', by = b.made_by, source = b.source, wechat = tag_of(b.site, b.openid),
    from = current and tag_of(b.site, current) or nil,
  })
  if current and b.tell then notify(current, 'moved', {site = b.site, user = b.user}) end
  emit(b.wanted, b.site, 'binding.created', {
    user = b.user, made_by = b.made_by, source = b.source, at = since, wechat = tag_of(b.site, b.openid),
    from = current and tag_of(b.site, current) or nil,
  })
  audit(b.actor, current and 'binding.moved' or 'binding.made', {
    site = b.site, user = b.user, wechat = b.openid, came_from = current or nil, detail = b.made_by,
  })
  return 'bound', nil, current
end
