-- Purpose: look at each job before it is done: whether it is still needed, and who receives it. Jobs that are not
--   needed are acknowledged, a delivery that waited ends with them, and a push that was not sent gives its count back.
--   A template message that is about to be sent is taken from the day's quota: what is charged is used. `jobs` is
--   MessagePack: for each job its kind, verification, number, entry, the id of a call ('' for none) and when it is
--   charged: `now`, or `if-next` if by this record the next act is to send a template message. `first` is `if-next` at
--   the first look: an undisclosed push waits a random moment after it and is looked at again, so it has not begun.
-- KEYS: outbox day
-- ARGS: offset jobs event root account appid topic group sites assumed_daily reserve
-- OUTCOMES: done begun stale
-- USES: clock names former_site windows recent_activity record delivery reachability eviction eligibility webhook verification_events contact fall_back refund quota_alert quota batch spoken_window
-- REPLY begun: record openid template_quota spoke day call
--   template_quota: yes if the call was charged, day or minute if that quota is used up, '' if it was not to be
--   charged;
--   spoke: 1 if a customer-service message may be sent; day: the key of the quota; call: the call's id, '' if it was
--   not to be charged

-- A delivery that was still to be made ends with its verification, or where the receiver may no longer use the code.
local function give_up(r)
  refund(r)
  if status_of(r) ~= 'pending' or r.disarmed == '1' then
    move_delivery(r, 'failed', {reason = r.disarmed == '1' and 'muted' or 'expired'})
    return
  end
  move_delivery(r, 'failed', {reason = 'no-binding'})
  after_delivery(r, 'failed', 'no-binding')
  wake(r)
end

-- Whether the next act is a call that uses the quota: the delivery may be disclosed, so it begins at once, and it is the
-- first channel's turn, which has a quota.
local function charged_is_next(r, kind)
  return kind == 'push' and r.disclose_binding == '1' and r.delivery == 'queued' and WITH_QUOTA[r.channel]
end

local unwanted = {}
local function begin(kind, id, number, entry, call, moment)
  local r = read_record(record_at(id))
  local openid
  if r and not is_gone(r) then
    if kind == 'push' or kind == 'scan' then
      local waits = r.number == tonumber(number)
        and (r.delivery == 'queued' or r.delivery == 'unknown' or r.delivery == 'scanned')
      -- The binding may have changed meanwhile: a WeChat account that could not use the code does not receive it.
      local by_now = tonumber(r.handed_number or 0) >= tonumber(number) and is_handed(r)
      if waits and r.delivery == 'queued' and by_now then
        -- The gateway has the code: a push that comes after it would be a second message.
        refund(r)
        move_delivery(r, 'failed', {reason = 'handed-over'})
        wake(r)
      elseif waits and status_of(r) == 'pending' and r.disarmed ~= '1' and basis_for(r, r.sent_to) then
        openid = r.sent_to
      elseif waits then
        give_up(r)
      end
    elseif kind ~= 'void' then
      openid = owner_of(r)
    end
  end
  if not openid then
    if r and kind == 'push' and r.number == tonumber(number) and refund(r) then save(r) end
    unwanted[#unwanted + 1] = entry
    return {'stale', now}
  end
  -- From now on it may reach WeChat, if a call follows this look.
  local waits_again = kind == 'push' and moment == 'first' and r.disclose_binding ~= '1'
  if kind == 'push' and moment == 'first' and r.begun == '1' and not r.taken then
    -- A worker that died has begun it before this one: WeChat may have taken it, whatever it says to the repetition.
    write(r, {taken = tostring(r.number)})
  elseif r.counted and r.begun ~= '1' and not waits_again then
    write(r, {begun = '1'})
  end
  local charged = call and call ~= '' and (moment == 'now' or charged_is_next(r, kind))
  local quota = charged and take_quota(K.day, r.site, r.purpose == 'reset', call) or ''
  local reachable = now < window_ends(account_key('spoke', openid)) and 1 or 0
  return {'begun', now, answer('begun', r)[3], openid, quota, reachable, K.day, charged and call or ''}
end

local answers = each(cmsgpack.unpack(A.jobs), begin)
acknowledge(unwanted)
return {'done', now, answers}
