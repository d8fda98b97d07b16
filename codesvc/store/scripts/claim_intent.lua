-- Purpose: claim a bind intent or a login, by a scan of its QR code, by its keyword, or by web authorisation: store the
--   openid and ask for confirmation. Nothing happens before the confirmation, unless the site switched it off for bind
--   intents (rule 10). An intent is claimed once; the same WeChat may claim it again and gets the same answer.
-- KEYS: intent asked outbox
-- ARGS: offset root account appid channel notice event openid unionid method history_kept audit_kept
-- OUTCOMES: asked bound conflict ended refused absent
-- USES: clock names record notice webhook audit binding_history binding intent settlement
--   asked, bound, conflict, ended: {outcome, now, intent, 0}; refused, absent: {outcome, now}

local r = read_record(K.intent)
if not r or intent_gone(r) or r.method ~= A.method then return {'absent', now} end
if r.claimed_by and r.claimed_by ~= A.openid then return {'refused', now} end
if not LIVE_INTENTS[intent_status(r)] then
  if r.claimed_by then return answer('ended', r) end
  return {'absent', now}
end
if not r.claimed_by then
  local users = r.kind == 'lg' and redis.call('SMEMBERS', key('owners', r.site, A.openid)) or {}
  table.sort(users)
  move_intent(r, 'scanned', {claimed_by = A.openid, unionid = A.unionid, choices = table.concat(users, ' ')})
end
redis.call('SET', K.asked, r.id, 'PX', math.max(1, r.expires - now) + TTL_MARGIN)
if r.kind ~= 'bi' or r.confirm ~= '0' then return answer('asked', r) end
if settle_bind(r, r.replace == '1') then return answer('bound', r) end
return answer('conflict', r)
