-- fall_back: what follows from a delivery that failed for good or that was delivered.
local function after_delivery(r, status, reason, detail)
  if status == 'delivered' then queue_delivery_event(r, 'verification.delivered') end
  if status ~= 'failed' then return end
  if status_of(r) == 'pending' and scan_may_bring(r) then
    move_delivery(r, 'awaiting_scan', {channel = 'scan', reason = reason}, detail)
    queue_delivery_event(r, 'verification.fell_back')
  else
    queue_delivery_event(r, 'verification.failed')
  end
end
