-- settlement: what follows when the person who scanned confirms a bind intent or a login.

-- Whether the site is one of the account's (`A.sites`, their names, separated by blanks). An intent outlives a site that is
-- removed, or made anew at another account. Its binding would lie where neither the site nor its people find it.
local function has_site(site) return string.find(' ' .. A.sites .. ' ', ' ' .. site .. ' ', 1, true) ~= nil end

-- The bind intents about which this WeChat account was asked whether its user may move, one of each site: a site cannot
-- take the turn of another. They have different references.
local function asked_moves(openid)
  local asked = {}
  for id in string.gmatch(redis.call('GET', account_key('moving', openid)) or '', '%S+') do
    local r = read_record(key('intent', id))
    if r and r.previous == openid and not is_over(r.created, r.expires) then asked[#asked + 1] = r end
  end
  return asked
end

-- Ask it about `r`, if its site has no such question open. Returns whether it is asked.
local function ask_to_move(r, openid)
  local ids, latest = {r.id}, tonumber(r.expires)
  for _, each in ipairs(asked_moves(openid)) do
    if each.site == r.site or each.reference == r.reference then return false end
    ids[#ids + 1], latest = each.id, math.max(latest, tonumber(each.expires))
  end
  write(r, {previous = openid})
  redis.call('SET', account_key('moving', openid), table.concat(ids, ' '), 'PX', math.max(1, latest - now))
  return true
end

-- How many bindings the site's people make is limited as what an API key writes: the owner of an account signs the yes of
-- any number of people. `r.writes` are the rates at its start. No API key has a name that begins with a hyphen.
local function writes_of(r) return window(key('window', 'binding_writes', r.site, '-chat'), r.writes or '') end

-- Whether the yes would make one binding too many. A move makes none.
local function may_not_bind(r)
  return redis.call('EXISTS', key('binding', r.site, r.user)) == 0 and wait_for(writes_of(r)) > 0
end

-- Bind r.user to r.claimed_by. `replace`: the site, or the previous WeChat account, agreed to replace a binding.
-- Returns whether it is bound.
local function settle_bind(r, replace)
  local made, whose, other = bind({
    site = r.site, user = r.user, openid = r.claimed_by, unionid = r.unionid, replace = replace, many = r.many == '1',
    made_by = r.method == 'oauth' and 'oauth' or 'intent', source = r.id, actor = 'chat', display = r.display, tell = r.notices == '1', wanted = r.hooks,
  })
  if made == 'bound' and not other then count_event(writes_of(r)) end
  if made ~= 'conflict' then
    move_intent(r, 'bound', {display = display_of(r.site, r.user)})
    return true
  end
  if r.status ~= 'conflict' then
    move_intent(r, 'conflict', {conflict = whose})
    emit(r.hooks, r.site, 'binding.conflict', {
      user = r.user, id = r.id, reference = r.reference, conflict = whose, method = r.method,
    })
  end
  -- Ask the previous WeChat account. Only one request of a site at a time, even if a person with the user's session
  -- tries repeatedly; and none that would not be sent.
  if other and r.notices == '1' and may_notify(r.site, other, 'move_asked') and ask_to_move(r, other) then
    notify(other, 'move_asked', {
      site = r.site, user = r.user, reference = r.reference, fixed = r.fixed, display = display_of(r.site, r.user),
    })
  end
  return false
end

-- The users that the question of a login named, in the order of their numbers. r.claimed_by had none if it is empty.
local function offered_users(r)
  local users = {}
  for user in string.gmatch(r.choices or '', '[^ ]+') do users[#users + 1] = user end
  return users
end

-- Decide a login of r.claimed_by: as its only user on the site, as the chosen user, or as unknown. Returns false if the
-- person has to choose. The yes is for a user that the question named. If none of them belongs to this WeChat account
-- any more, or there are several now and it named none, the login is canceled.
local function settle_login(r, choice)
  local owners, offered, user = key('owners', r.site, r.claimed_by), offered_users(r), nil
  local left = {}
  for _, each in ipairs(#offered > 0 and offered or redis.call('SMEMBERS', owners)) do
    if redis.call('SISMEMBER', owners, each) == 1 then left[#left + 1] = each end
  end
  if #left == 0 and #offered == 0 then
    move_intent(r, 'unknown', {})
    return true
  end
  if #left == 0 or (#offered == 0 and #left > 1) then
    move_intent(r, 'canceled', {})
    return true
  end
  if choice ~= '' then user = offered[tonumber(choice)] elseif #left == 1 then user = left[1] end
  if not user or redis.call('SISMEMBER', owners, user) == 0 then return false end
  move_intent(r, 'approved', {user = user})
  emit(r.hooks, r.site, 'login.approved', {
    id = r.id, user = user, reference = r.reference, created = r.created, approved = r.ended, predecessor = r.predecessor,
    client = r.oidc and cjson.decode(r.oidc).client or nil,
  })
  return true
end

local function tell_bound(r)
  notify(r.claimed_by, 'bound', {
    site = r.site, user = r.user, reference = r.reference, fixed = r.fixed, display = r.display,
  })
end
