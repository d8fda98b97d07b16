-- contact_step: what the message of a verification's last resort (contact.lua) does next, decided by how WeChat's delivery
-- stands: 'hand' and why; 'wait' and how long, in ms; 'delivered', for the code came by WeChat; or 'failed' and why not.
local function contact_step(m, v)
  local status = v and status_of(v)
  if not v or is_gone(v) then return 'failed', 'lost' end
  -- An approved code was typed, so it was read in WeChat: the gateway has not sent it yet.
  local arrived = v.delivery == 'delivered' or v.delivery == 'sent' and not WITH_RECEIPT[v.channel] or status == 'approved'
  if arrived then return 'delivered' end
  if v.disarmed == '1' then return 'failed', 'muted' end
  if status ~= 'pending' then return 'failed', status == 'expired' and 'expired' or 'ended' end
  if v.gateway ~= 'waiting' then return 'failed', v.reason ~= '' and v.reason or 'ended' end
  local held = v.due and v.created + v.due - now or 0
  if held > 0 then return 'wait', held end
  if m.plan == 'gateway' then return 'hand', m.reason end
  if v.delivery == 'failed' or v.delivery == 'awaiting_scan' then return 'hand', v.reason ~= '' and v.reason or 'no-binding' end
  local wait = v.created + v.delivery_after + m.wait - now
  if wait > 0 then return 'wait', wait end
  return 'hand', v.delivery == 'queued' and 'wechat-down' or 'no-receipt'
end

-- The message has come to its end, or to the gateway: the verification says so too, and who watches it hears of it.
local function tell_verification(v, gateway, reason)
  if not v then return end
  local before = v.gateway
  v.gateway, v.handed_for = gateway, reason
  if gateway == 'handing_over' and before == 'waiting' then
    v.handed_number = v.number
    v.trail = with_step(v, 'gateway', reason)
  end
  write(v, {})
  wake(v)
end
