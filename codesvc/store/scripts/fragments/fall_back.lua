-- fall_back: what follows from a delivery that failed for good or that was delivered.
-- A push that failed is not in the person's chat. So it does not count when the next start is compared with earlier
-- ones (superseding.lua). For undisclosed verifications this must not show (rule 7). Call it before the record is
-- written.
local function drop_turn(r, status)
  if status == 'failed' and r.disclose_binding == '1' and not by_gateway(r) then r.turn = nil end
end

local function after_delivery(r, status, reason, detail)
  if status == 'delivered' then
    if r.gateway == 'waiting' then
      close_contact(r)
      write(r, {})
    end
    queue_delivery_event(r, 'verification.delivered')
  end
  if status ~= 'failed' then return end
  -- How the gateway ends says more (record_message.lua).
  hasten_gateway(r, {})
  local gateway_may_deliver = by_gateway(r)
  if status_of(r) == 'pending' and scan_may_bring(r) then
    move_delivery(r, 'awaiting_scan', {channel = 'scan', reason = reason}, detail)
    if not gateway_may_deliver then queue_delivery_event(r, 'verification.fell_back') end
  elseif not gateway_may_deliver then
    queue_delivery_event(r, 'verification.failed')
  end
end
