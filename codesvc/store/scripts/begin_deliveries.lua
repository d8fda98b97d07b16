-- Purpose: decide before sending whether each job is still needed, and who receives it. Jobs that are not needed are
--   acknowledged, and a push that was not sent gives its count back. Each template message that will be sent is taken from the day's quota. `jobs` is MessagePack: for
--   each job its kind, verification, number and entry.
-- KEYS: outbox day
-- ARGS: offset jobs root account appid group sites assumed_daily reserve
-- OUTCOMES: done begun stale
-- USES: clock names windows recent_activity record eligibility refund quota_alert quota batch
-- REPLY begun: record openid template_quota spoke
--   template_quota: whether the template quota allows a send: yes, day or minute (which quota is used up); spoke: 1 if a
--   customer-service message may be sent

local unwanted = {}
local function begin(kind, id, number, entry)
  local r = read_record(record_at(id))
  local openid
  if r and not is_gone(r) then
    if kind == 'push' or kind == 'scan' then
      local wanted = status_of(r) == 'pending' and r.number == tonumber(number) and r.disarmed ~= '1'
        and (r.delivery == 'queued' or r.delivery == 'unknown' or r.delivery == 'scanned')
      -- The binding may have changed meanwhile: a WeChat that could not use the code does not receive it.
      if wanted and basis_for(r, r.sent_to) then openid = r.sent_to end
    elseif kind ~= 'void' then
      openid = owner_of(r)
    end
  end
  if not openid then
    if r and kind == 'push' and r.number == tonumber(number) and refund(r) then save(r) end
    unwanted[#unwanted + 1] = entry
    return {'stale', now}
  end
  -- From now on it may reach WeChat.
  if r.counted == '1' and r.begun ~= '1' then write(r, {begun = '1'}) end
  local template = kind == 'scan' and 'yes' or take_quota(K.day, r.site, r.purpose == 'reset')
  local reachable = redis.call('EXISTS', account_key('spoke', openid))
  return {'begun', now, answer('begun', r)[3], openid, template, reachable}
end

local answers = each(cmsgpack.unpack(A.jobs), begin)
acknowledge(unwanted)
return {'done', now, answers}
