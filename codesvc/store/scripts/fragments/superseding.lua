-- superseding: the live unclaimed verifications of one user, purpose and address: which of several starts in a moment
-- gets the message, and which verification ends when there are more than `max_live`.
-- The latest one whose turn it was (push.lua) is `latest`: its code is the newest in the person's chat. It is not
-- superseded, so that the person has a code that is good, also past the limits of pushes.
local function latest_turn(live)
  local latest, at
  for _, other in ipairs(live) do
    if other.turn and (not at or other.created + other.turn >= at) then latest, at = other, other.created + other.turn end
  end
  return latest
end

-- Of several starts within `push_delay` ms only the newest is sent: it takes over the push that still waits. Once that is sent,
-- a start within DOUBLE_START of it gets no message. Returns `latest`, nil if it was taken over. Without addresses all
-- callers would be one, and a stranger's start could take the owner's message, so neither is done.
local function join_burst(latest)
  if A.address == '-' then return latest end
  if tonumber(A.push_delay) > 0 then pushes.due = now + A.push_delay end
  if not latest then return nil end
  local due = latest.due and latest.created + latest.due
  if due and now < due and refund(latest) then
    pushes.due = due
    close_contact(latest)
    if latest.delivery == 'queued' then
      move_delivery(latest, 'failed', {reason = 'double-start'})
      after_delivery(latest, 'failed', 'double-start')
      wake(latest)
    else
      write(latest, {})
    end
    return nil
  end
  pushes.double = now < latest.created + DOUBLE_START and tonumber(A.max_live) > 1
  return latest
end

-- Without addresses nobody may end another person's verification (decision 22). So one whose page was opened or whose
-- turn it was is kept for a while, and those that had their turn in the same moment as `latest`: their messages may arrive
-- in any order. There are few of these: more than MOST_KEPT are not kept.
local function kept_without_address(live, latest)
  local kept, count = {}, 0
  local moment = latest and latest.created + latest.turn - DOUBLE_START
  for _, other in ipairs(live) do
    -- `opened` is set only where there are no addresses (open_page.lua).
    local shown = other.opened == '1' or other.scene or other.turn
    local in_chat = moment and other.turn and other.created + other.turn >= moment
    if count < MOST_KEPT and (in_chat or shown and now < other.created + KEPT_SHOWN) then
      kept[other.id], count = true, count + 1
    end
  end
  return kept
end

-- End as many as `max_live` demands, oldest first, and the unshown ones first where there are no addresses.
local function supersede(live, latest)
  local surplus = #live - tonumber(A.max_live) + 1
  local kept = A.address == '-' and kept_without_address(live, latest) or {}
  if latest and tonumber(A.max_live) > 1 then kept[latest.id] = true end
  for _, shown in ipairs(A.address == '-' and {false, true} or {'any'}) do
    for _, other in ipairs(live) do
      local matches = shown == 'any' or shown == (other.opened == '1' or other.scene ~= nil)
      if surplus > 0 and matches and not kept[other.id] then
        end_and_refund(other, 'superseded')
        wake(other)
        surplus = surplus - 1
      end
    end
  end
end
