-- Purpose: bind a site's user to an openid; by a proof (the openid that was sent the code, spent in the same act) or by
--   an openid that the site knows. One WeChat a user; one user a WeChat, unless the site says many.
-- KEYS: binding record
-- ARGS: offset root account channel site user openid unionid made_by proof_of replace many
-- OUTCOMES: bound same conflict spent stale-proof absent
-- USES: clock names record
--   bound, same: {outcome, now, binding as flat list, replaced openid or ''}; conflict: {outcome, now}

local openid, record = A.openid, nil
local current = redis.call('HMGET', K.binding, 'openid', 'vf')
if A.proof_of ~= '' then
  record = read_record(K.record)
  if not record or record.site ~= A.site or record.status ~= 'approved' then return {'absent', now} end
  openid = record.sent_to
  -- A repeated PUT finds what it did the first time.
  if current[1] == openid and current[2] == A.proof_of then
    return {'same', now, redis.call('HGETALL', K.binding), ''}
  end
  if record.spent then return {'spent', now} end
  if now >= tonumber(record.approved) + PROOF_LIFE then return {'stale-proof', now} end
end

local owners = key('owners', A.site, openid)
local outcome, replaced = 'bound', ''
if current[1] == openid then
  outcome = 'same'
elseif current[1] and A.replace ~= '1' then
  return {'conflict', now}
elseif A.many ~= '1' and redis.call('SCARD', owners) > 0 then
  return {'conflict', now}
end
if record then write(record, {spent = now}) end
if outcome == 'bound' then
  if current[1] then
    replaced = current[1]
    redis.call('SREM', key('owners', A.site, replaced), A.user)
  end
  redis.call('DEL', K.binding)
  redis.call('HSET', K.binding, 'openid', openid, 'made_by', A.made_by, 'at', string.format('%.0f', now), 'vf', A.proof_of)
  if A.unionid ~= '' then redis.call('HSET', K.binding, 'unionid', A.unionid) end
  redis.call('SADD', owners, A.user)
end
return {outcome, now, redis.call('HGETALL', K.binding), replaced}
