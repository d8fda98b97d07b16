-- renewal: whether the page of a verification or intent may start a successor, as `renewable` in codesvc.domain.record and
-- codesvc.domain.intent. A successor may start none: a page token that was stolen gains one life more and not several.
-- What was begun before the user lost a binding has no successor either (eviction.lua).
local function may_renew(r)
  -- The page does not know the recipient of a last resort: only the site can start such a verification again.
  if r.predecessor or r.successor or r.contact or is_from_before(r) then return false end
  local status = status_of(r)
  if status ~= 'pending' then return RENEWABLE[status] == true end
  -- Another WeChat account than the person's has used up the QR code.
  return r.disclose_binding == '1' and r.claimed_by ~= nil and r.claimed_basis ~= 'bound'
end

local function may_renew_intent(r)
  if r.predecessor or r.successor or (r.kind == 'bi' and is_from_before(r)) then return false end
  local status = intent_status(r)
  -- The relying party that waited for an expired login already has that answer.
  if status == 'expired' and r.oidc then return false end
  if status == 'expired' then return now < tonumber(r.expires) + RENEW_AFTER_END[r.kind] end
  return status == 'scanned'
end
