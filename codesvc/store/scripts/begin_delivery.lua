-- Purpose: look at a job before doing it: is it still wanted, and for whom? A job that is not is acknowledged here.
-- KEYS: record outbox
-- ARGS: offset root account kind number entry group
-- OUTCOMES: begun stale
-- USES: clock names record eligibility
--   begun: {outcome, now, record, openid}

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
return answer('begun', r, openid)
