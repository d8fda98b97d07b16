-- fall_back: what follows from a delivery that failed for good or that was delivered.
local function after_delivery(r, status, reason, detail)
  if status == 'delivered' then tell_of_delivery(r, 'verification.delivered') end
  if status ~= 'failed' then return end
  if status_of(r) == 'pending' and scan_may_bring(r) then
    move_delivery(r, 'awaiting_scan', {channel = 'scan', reason = reason}, detail)
    tell_of_delivery(r, 'verification.fell_back')
  else
    tell_of_delivery(r, 'verification.failed')
  end
end
