-- settlement: what follows when the person who scanned confirms a bind intent or a login.

-- Bind r.user to r.claimed_by. `replace`: the site, or the previous WeChat, agreed to replace a binding. Returns
-- whether it is bound.
local function settle_bind(r, replace)
  local joined, whose, other = bind({
    site = r.site, user = r.user, openid = r.claimed_by, unionid = r.unionid, replace = replace, many = r.many == '1',
    made_by = r.method == 'oauth' and 'oauth' or 'intent', source = r.id, actor = 'chat', display = r.display, tell = r.notices == '1', wanted = r.hooks,
  })
  if joined ~= 'conflict' then
    move_intent(r, 'bound', {display = display_of(r.site, r.user)})
    return true
  end
  if r.status ~= 'conflict' then
    move_intent(r, 'conflict', {conflict = whose})
    emit(r.hooks, r.site, 'binding.conflict', {
      user = r.user, id = r.id, reference = r.reference, conflict = whose, method = r.method,
    })
  end
  -- Ask the previous WeChat. Only one request at a time, even if a person with the user's session tries repeatedly.
  if other and r.notices == '1' then
    local asked = redis.call('SET', account_key('moving', other), r.id, 'NX', 'PX', math.max(1, r.expires - now))
    if asked then
      write(r, {previous = other})
      notify(other, 'move_asked', {
        site = r.site, user = r.user, reference = r.reference, fixed = r.fixed, display = display_of(r.site, r.user),
      })
    end
  end
  return false
end

-- Decide a login of r.claimed_by: as its only user on the site, as the chosen user, or as unknown. Returns false if the
-- person has to choose.
local function settle_login(r, choice)
  local owners, user = key('owners', r.site, r.claimed_by), nil
  local count = redis.call('SCARD', owners)
  if count == 0 then
    move_intent(r, 'unknown', {})
    return true
  end
  if choice ~= '' then
    local number = 0
    for name in string.gmatch(r.choices or '', '[^ ]+') do
      number = number + 1
      if tostring(number) == choice then user = name end
    end
  elseif count == 1 then
    user = redis.call('SMEMBERS', owners)[1]
  end
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
