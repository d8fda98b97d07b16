-- Purpose: look at a job before doing it: is it still wanted, and for whom? A job that is not is acknowledged here.
--   A template message is taken from the day's quota here, one for each call that will be made.
-- KEYS: record outbox day
-- ARGS: offset root account appid kind number entry group sites assumed_daily reserve
-- OUTCOMES: begun stale
-- USES: clock names record eligibility shortage quota
--   begun: {outcome, now, record, openid, what of the template quota stands in the way (yes: nothing, day, minute), 1 if a customer-service message may}

local r = read_record(K.record)
local openid
if r and not is_gone(r) then
  if A.kind == 'push' or A.kind == 'scan' then
    local wanted = status_of(r) == 'pending' and r.number == A.number and r.disarmed ~= '1'
      and (r.delivery == 'queued' or r.delivery == 'unknown' or r.delivery == 'scanned')
    -- The binding may have changed since: nobody gets a code that he could not use.
    if wanted and basis_for(r, r.sent_to) then openid = r.sent_to end
  elseif A.kind ~= 'void' then
    openid = owner_of(r)
  end
end
if not openid then
  redis.call('XACK', K.outbox, A.group, A.entry)
  redis.call('XDEL', K.outbox, A.entry)
  return {'stale', now}
end
local template = A.kind == 'scan' and 'yes' or take_quota(K.day, r.site, r.purpose == 'reset')
local reachable = redis.call('EXISTS', account_key('spoke', openid))
return {'begun', now, answer('begun', r)[3], openid, template, reachable}
