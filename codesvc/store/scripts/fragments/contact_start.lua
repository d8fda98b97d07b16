-- contact_start: makes the message of a verification's last resort (contact.lua), the same for every user (rule 7). `c` is
-- what the start says of it: its id, kind and locale; `whom` stands for the recipient; `wait` is how long a receipt is
-- awaited, in ms; `window` within how many ms a second start is a second request; `shadow`, whether WeChat is left out;
-- `cap` is the site's limit of gateway messages, '' for none; `place` and `region` where the start comes from, '' if that
-- is not known (contact_places.lua).

-- Before the delivery is planned; `policy` is what `deliver` gets (push.lua). A second request leads to the gateway; a
-- double click is none.
local function open_contact(r, c, policy)
  local asked = key('asked_again', r.site, r.user)
  local before = redis.call('GET', asked)
  policy.shadow = c.shadow
  policy.again = before and now - before >= DOUBLE_START and now - before < c.window
  if c.window > 0 then redis.call('SET', asked, string.format('%.0f', now), 'PX', c.window) end
  r.contact, r.gateway = c.id, 'waiting'
  -- A sign-up has another user each time, so the recipient has a limit of its own. Each start counts, bound or not.
  local times = window(key('window', 'contact_pushes', r.site, c.whom), A.user_pushes)
  local spent = wait_for(times) > 0
  local known = is_known_place(r.site, c.whom, c.place) or c.region == '' or r.vouched == '1'
  if known then
    r.known = '1'
  else
    local there = window(key('window', 'contact_region', r.site, c.whom .. '/' .. c.region), for_region(A.user_pushes))
    local strangers = window_in(times.packed, times.at, for_strangers(A.user_pushes))
    spent = spent or wait_for(there) > 0 or wait_for(strangers) > 0
    if not spent then count_event(there) end
  end
  if not spent then count_event(times) end
  policy.spent = spent
end

-- After it, and before the record is written. `would` is what the delivery would have been without shadow mode.
local function keep_contact(r, c, would, box)
  r.would = c.shadow and would or nil
  write({at = key('message', c.id)}, {
    id = c.id, verification = r.id, site = r.site, user = r.user, alias = r.user, purpose = r.purpose, kind = c.kind,
    locale = c.locale, reference = '', disclose = r.disclose_binding, would = r.would or '', hooks = '',
    status = 'accepted', number = '1', plan = 'verification', reason = '', sent_to = '', wait = c.wait,
    created = now, expires = r.expires, cap = c.cap ~= '' and c.cap or nil,
    whom = c.whom, place = c.place ~= '' and c.place or nil, region = c.region ~= '' and c.region or nil,
  })
  local life = tonumber(r.code_max_life)
  redis.call('PEXPIRE', key('message', c.id), life + MESSAGE_KEPT + TTL_MARGIN)
  if r.gateway == 'waiting' then redis.call('SET', key('sealed', c.id), box, 'PX', life) end
  redis.call('XADD', K.outbox, '*', 'kind', 'message', 'id', c.id, 'number', 1, 'account', A.appid, 'site', r.site)
end
