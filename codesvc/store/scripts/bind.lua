-- Purpose: bind a site's user to an openid: by a proof (the openid that the code was sent to), by a handle, or by an
--   openid that the site knows. The proof or handle is spent in the same script. `writes` counts what one API key
--   writes, at most `binding_writes`; '' means no limit.
-- KEYS: binding record spent writes outbox
-- ARGS: offset root account appid topic notice site user openid unionid made_by display proof_of handle_of handle_until replace many notices event hooks actor binding_writes history_kept audit_kept audit_lines tag_key other_tag_keys
-- OUTCOMES: bound same conflict spent stale-proof absent limited
-- USES: clock names former_site windows record eviction reachability notice webhook audit binding_history recipient_proof binding moving disowning
-- REPLY bound same: binding unreachable
-- REPLY limited: wait_ms
--   binding: flat list of fields and values; unreachable: why no message reaches the WeChat account, '' if one may

local moving = refusal_while_moving(A.site)
if moving then return moving end
local openid, record, source = A.openid, nil, A.handle_of
local current = redis.call('HMGET', K.binding, 'openid', 'source')
if A.proof_of ~= '' then
  source, record = A.proof_of, read_record(K.record)
  if not record or record.site ~= A.site or record.status ~= 'approved' then return {'absent', now} end
  openid = record.sent_to
end
-- A repeated PUT has the same result as the first.
if source ~= '' and current[1] == openid and current[2] == source then
  name_binding(K.binding, A.display)
  return {'same', now, redis.call('HGETALL', K.binding), why_unreachable(openid)}
end
if record then
  if record.spent then return {'spent', now} end
  local void = is_approval_void(record) or was_evicted(A.site, A.user, openid, record.created)
  if is_over(record.approved, record.approved + PROOF_LIFE) or void then return {'stale-proof', now} end
elseif A.handle_of ~= '' then
  if redis.call('EXISTS', K.spent) == 1 then return {'spent', now} end
  local since = A.handle_until - HANDLE_LIFE
  local void = was_evicted(A.site, A.user, openid, since) or has_disowned(openid, since) or is_of_former_site(A.site, since)
  if is_over(since, A.handle_until) or void then return {'stale-proof', now} end
end

local wanted = {
  site = A.site, user = A.user, openid = openid, unionid = A.unionid, made_by = A.made_by, source = source,
  replace = A.replace == '1', many = A.many == '1', tell = A.notices == '1', wanted = A.hooks,
  actor = A.actor, display = A.display,
}
local made = binding_outcome(wanted)
if made == 'conflict' then return {'conflict', now} end
if made == 'bound' or renames(A.site, A.user, A.display) then
  -- A repetition that changes nothing is not counted.
  local writes = window(K.writes, A.binding_writes)
  local wait = wait_for(writes)
  if wait > 0 then return {'limited', now, wait} end
  count_event(writes)
end
bind(wanted)
if record then write(record, {spent = now}) end
if A.handle_of ~= '' then
  redis.call('SET', K.spent, '1', 'PX', string.format('%.0f', A.handle_until - now + TTL_MARGIN))
end
local outcome = 'bound'
if made == 'same' then outcome = 'same' end
return {outcome, now, redis.call('HGETALL', K.binding), why_unreachable(openid)}
