-- binding: makes and removes bindings. Only take_in_bindings.lua and let_go_bindings.lua, which move bindings to
-- another appid, write them elsewhere. Every change shows in the user's history (binding_history.lua).

-- Remove a user from the index by unionid. By this index a site finds a person whom it knows from another account of
-- the same owner.
local function forget_unionid(at, site, user)
  local unionid = redis.call('HGET', at, 'unionid')
  if not unionid then return end
  redis.call('SREM', key('union', site, unionid), user)
  redis.call('HDEL', at, 'unionid')
end

-- Whether a user of any site is bound to this WeChat account. `binding_account` names every site with bindings here.
local function is_bound(openid)
  for _, site in ipairs(redis.call('HKEYS', key('binding_account'))) do
    if redis.call('EXISTS', key('owners', site, openid)) == 1 then return true end
  end
  return false
end

-- The field of a WeChat account's loss (eviction.lua): a name of the master key, then the account's tag under it.
local function name_of_key(tag_key) return string.sub(redis.sha1hex('name of ' .. tag_key), 1, 8) end
local function field_of_loss(tag_key, site, openid) return name_of_key(tag_key) .. tag_by(tag_key, site, openid) end

-- Mark that this WeChat account has lost the user.
local function evict(site, user, openid)
  local at, stamp = key('evicted', site, user), string.format('%.0f', now)
  redis.call('HSET', at, 'at', stamp, field_of_loss(A.tag_key, site, openid), stamp)
  redis.call('PEXPIRE', at, EVICTION_KEPT)
end

-- Whether this WeChat account has lost the user at or after `since`, ms. Then a proof or handle that it got before does
-- not bind it again. That of another WeChat account does, because a site uses it in a session of the user. A loss under a
-- master key that this process lacks, as in the middle of its replacement, may be anybody's, so it counts.
local function was_evicted(site, user, openid, since)
  local known = {}
  for tag_key in string.gmatch(A.tag_key .. ' ' .. A.other_tag_keys, '%x+') do
    known[name_of_key(tag_key)] = field_of_loss(tag_key, site, openid)
  end
  for _, field in ipairs(redis.call('HKEYS', key('evicted', site, user))) do
    local own = known[string.sub(field, 1, 8)]
    if field ~= 'at' and (not own or own == field) and has_loss(site, user, field, since) then return true end
  end
  return false
end

-- Delete a binding and its indexes. The line of a binding is not in the history while the binding exists, so it is
-- added now; not if the data of the person is being deleted (`forgotten`).
local function delete_binding(site, user, openid, forgotten)
  local at = key('binding', site, user)
  local past = not forgotten and line_of_binding(at, site)
  if past then add_history_line(site, user, past) end
  forget_unionid(at, site, user)
  redis.call('DEL', at)
  evict(site, user, openid)
  redis.call('SREM', key('owners', site, openid), user)
  -- The mark belongs to all sites of the account: another site's binding may be void because of it.
  local mark = account_key('unknown', openid)
  if redis.call('EXISTS', mark) == 1 and not is_bound(openid) then redis.call('DEL', mark) end
end

-- The display name of a user, by which the person recognises their account; '' for none. Only the bound WeChat account
-- may see it.
local function display_of(site, user) return redis.call('HGET', key('binding', site, user), 'display') or '' end

-- `display`: as in codesvc.domain.display_name; nil or '' keeps the present name, ' ' removes it.
local function name_binding(at, display)
  if display == ' ' then
    redis.call('HDEL', at, 'display')
  elseif display and display ~= '' then
    redis.call('HSET', at, 'display', display)
  end
end

-- Whether `display` would change the user's display name.
local function renames(site, user, display)
  return display ~= '' and (display == ' ' and '' or display) ~= display_of(site, user)
end

-- `actor` as in the audit log: `key:…`, `admin:…`, `chat`, `cli`, `codesvc`.
local function unbind(wanted, site, user, openid, by, actor, reason)
  delete_binding(site, user, openid, by == 'forgotten')
  add_history_line(site, user, {event = 'removed', by = by, wechat = tag_of(site, openid), at = string.format('%.0f', now)})
  emit(wanted, site, 'binding.removed', {user = user, by = by, wechat = tag_of(site, openid)})
  audit(actor, 'binding.removed', {site = site, user = user, wechat = openid, reason = reason, detail = by})
end

-- The result that binding b.user to b.openid would have. Returns four values: 'bound', 'same' (they are bound already)
-- or 'conflict'; for a conflict 'user' (the user has another WeChat account) or 'wechat' (the WeChat account has
-- another user); the openid that is bound to the user now, or nil; and whether that binding is void.
local function binding_outcome(b)
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

-- Bind b.user to b.openid, unless there is a conflict. A user has one WeChat account. A WeChat account has one user of
-- a site, or up to MOST_USERS if b.many.
local function bind(b)
  local outcome, whose, current, void = binding_outcome(b)
  local at = key('binding', b.site, b.user)
  if outcome == 'same' then
    name_binding(at, b.display)
    note_recipient_proof(at, b, outcome)
  end
  if outcome ~= 'bound' then return outcome, whose, current end
  local known_as = current and display_of(b.site, b.user)
  if current then delete_binding(b.site, b.user, current) end
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
  note_recipient_proof(at, b, outcome)
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
