-- eligibility: who may receive and use a verification's code (DESIGN rule 6).
local function bound_openid(r) return redis.call('HGET', key('binding', r.site, r.user), 'openid') end

-- The WeChat whose binding protects the user, nil if there is none or if the binding is void.
local function owner_of(r)
  local b = redis.call('HMGET', key('binding', r.site, r.user), 'openid', 'made_by', 'void')
  if b[1] and is_void(b[1], b[2], b[3]) then return nil end
  return b[1]
end

-- The basis on which this openid may be approved, or nil. A user with a binding is never approved by another WeChat.
local function basis_for(r, openid)
  if is_test(r) then return 'test' end
  local owner = owner_of(r)
  if owner then return owner == openid and 'bound' or nil end
  if r.vouched == '1' then return 'vouched' end
  if r.scan == 'open' then return 'open' end
  return nil
end

-- Whether a scan can bring this code to any WeChat.
local function scan_may_bring(r)
  return r.scan == 'open' or (r.scan == 'bound' and (owner_of(r) or r.vouched == '1'))
end

-- Whether a WeChat has claimed this, by a callback that was signed or vouched for. A claim that nobody signed could be
-- forged: it exempts from no budget, and does not protect from being superseded (rule 9).
local function is_claimed(r) return r.claimed_by and r.unsigned ~= '1' end
