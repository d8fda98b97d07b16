-- eviction: a WeChat account that loses a user keeps no right over this user (DESIGN rule 6). Each loss, by an
-- unbinding or a replacement, leaves a mark: a hash with the time of the latest loss in `at`, and the time of each
-- WeChat account's own loss under its tag (binding.lua). What was begun for the user before it approves, proves and
-- binds nothing any more: verifications, proofs, bind intents, logins that were approved as this user, and what relying
-- parties got of those. The scripts that use one of them compare its time with the mark. The mark is kept longer than all of them
-- (EVICTION_KEPT).

-- When the WeChat account of this field lost the user, nil for never.
local function time_of_loss(site, user, field)
  local at = key('evicted', site, user)
  return time_of_mark(redis.call('HGET', at, field), function(time) redis.call('HSET', at, field, time) end)
end

-- Whether that loss was at or after `since`, ms.
local function has_loss(site, user, field, since) return is_marked_since(time_of_loss(site, user, field), since) end

-- Whether the user has lost a binding at or after `since`, ms.
local function has_lost(site, user, since) return has_loss(site, user, 'at', since) end

-- Whether what a relying party got by a login is void: the site is another, or the user has lost a binding since the login
-- was approved as this user. A user '' or nil is a visitor, who has no binding to lose.
local function has_lost_since_approval(site, user, approved)
  if not site or site == '' then return false end
  return is_of_former_site(site, approved) or (user and user ~= '' and has_lost(site, user, approved))
end

-- Whether this verification was begun before a loss. Then no code of it is right any more.
local function is_from_before(r) return has_lost(r.site, r.user, r.created) end

-- Whether an approval is void: the WeChat account has taken it back (disown.lua), or the user has lost a binding since.
local function is_approval_void(r)
  return r.status == 'approved' and not r.spent and (r.disarmed == '1' or has_lost(r.site, r.user, r.approved))
end

-- Let a verification read as canceled if its approval is void. This is not stored, as `expired` is not.
local function cancel_void_approval(r)
  if not is_approval_void(r) then return end
  r.status, r.approved, r.basis = 'canceled', nil, nil
  r.packed = packed_of(r)
end
