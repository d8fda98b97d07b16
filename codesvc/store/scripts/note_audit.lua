-- Purpose: record an administrative act that no other script records. `user` and `wechat` are masked by the script, ''
--   if there is none. That an operator looked at the same page of a person is recorded once in an hour.
-- KEYS:
-- ARGS: offset root actor act site user wechat reason detail audit_kept audit_lines tag_key
-- OUTCOMES: done
-- USES: clock names windows audit

if A.act == 'looked.up' then
  -- The name of the key holds no user: it is removed with nobody's data.
  local seen = redis.sha1hex(A.tag_key .. cjson.encode({A.actor, A.user, A.detail}))
  local looks = window(key('window', 'looks', A.site, seen), '1/3600000')
  if wait_for(looks) > 0 then return {'done', now} end
  count_event(looks)
end
audit(A.actor, A.act, {
  site = A.site, user = A.user ~= '' and A.user or nil, wechat = A.wechat ~= '' and A.wechat or nil,
  reason = A.reason, detail = A.detail,
})
return {'done', now}
