-- eligibility: who may receive and use a verification's code (DESIGN rule 6).
local function bound_openid(r) return redis.call('HGET', key('binding', r.site, r.user), 'openid') end

-- The openid that is bound to the user; nil if there is none or if the binding is void. While there is one, no other
-- WeChat account can get the user's codes.
local function owner_of(r)
  local b = redis.call('HMGET', key('binding', r.site, r.user), 'openid', 'made_by', 'void')
  if b[1] and is_void(b[1], b[2], b[3]) then return nil end
  return b[1]
end

-- Why this openid may be approved: 'test', 'bound', 'vouched' or 'open'; nil if it may not. A user with a binding is
-- never approved with another WeChat account. Nobody is approved in a verification from before the loss of a binding.
local function basis_for(r, openid)
  if is_test(r) then return 'test' end
  if is_from_before(r) then return nil end
  local owner = owner_of(r)
  if owner then return owner == openid and 'bound' or nil end
  if r.vouched == '1' then return 'vouched' end
  if r.scan == 'open' then return 'open' end
  return nil
end

-- Whether there is a WeChat account that can get this code by a scan.
local function scan_may_bring(r)
  return r.scan == 'open' or (r.scan == 'bound' and (owner_of(r) or r.vouched == '1'))
end

-- Whether a WeChat account has claimed this verification by an authentic callback: signed by WeChat, or forwarded with
-- an event key. Other claims could be forged (`unsigned`). They exempt from no budget, and do not protect the
-- verification from being superseded (rule 9).
local function is_claimed(r) return r.claimed_by and r.unsigned ~= '1' end
