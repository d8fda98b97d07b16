-- fall_back: what follows from a delivery that failed for good or that was delivered.
-- What failed is in nobody's chat, so the next start is not one too many (superseding.lua). If bindings are not
-- disclosed, this must not show (rule 7). To be called before the record is written.
local function drop_turn(r, status)
  if status == 'failed' and r.disclose == '1' and not by_gateway(r) then r.turn = nil end
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
  local more_comes = by_gateway(r)
  if status_of(r) == 'pending' and scan_may_bring(r) then
    move_delivery(r, 'awaiting_scan', {channel = 'scan', reason = reason}, detail)
    if not more_comes then queue_delivery_event(r, 'verification.fell_back') end
  elseif not more_comes then
    queue_delivery_event(r, 'verification.failed')
  end
end
