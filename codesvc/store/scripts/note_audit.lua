-- Purpose: record an administrative act that no other script records. `user` and `wechat` are masked by the script, ''
--   if there is none.
-- KEYS:
-- ARGS: offset root actor act site user wechat reason detail audit_kept audit_lines
-- OUTCOMES: done
-- USES: clock names audit

audit(A.actor, A.act, {
  site = A.site, user = A.user ~= '' and A.user or nil, wechat = A.wechat ~= '' and A.wechat or nil,
  reason = A.reason, detail = A.detail,
})
return {'done', now}
