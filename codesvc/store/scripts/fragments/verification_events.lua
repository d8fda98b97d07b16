-- verification_events: emits an event about a verification's present state. Before the delivery may be disclosed, no
-- event about the delivery is emitted at all (DESIGN rule 7).
local function is_disclosed(r) return r.disclose_binding == '1' or r.status == 'approved' or r.claimed_basis == 'bound' end

local function queue_verification_event(r, kind)
  emit(r.hooks, r.site, kind, {
    id = r.id, user = r.user, purpose = r.purpose, status = r.status, created = r.created, expires = r.expires,
    approved = r.approved, attempts_left = r.attempts_left, basis = r.basis, disclosed = is_disclosed(r),
    channel = r.channel, delivery = r.delivery, reason = r.reason, fixed = r.fixed, predecessor = r.predecessor,
    gateway = r.gateway, handed_for = r.handed_for,
  })
end

local function queue_delivery_event(r, kind)
  if is_disclosed(r) then queue_verification_event(r, kind) end
end
