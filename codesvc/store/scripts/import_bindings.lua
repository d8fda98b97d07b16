-- Purpose: import a batch of bindings from a site's earlier system, by the rules of all bindings. No person is informed
--   and no event is emitted. `dry` only returns what would happen. `rows` is JSON: lists of user, openid, unionid,
--   since (ms as text or ''), display name ('' keeps the present one).
-- KEYS: outbox
-- ARGS: offset root account appid topic notice event site rows many dry history_kept audit_kept audit_lines tag_key
-- OUTCOMES: done
-- USES: clock names windows reachability notice webhook audit binding_history recipient_proof binding moving
-- REPLY done: verdicts
--   verdicts: for each row bound, same, user (has another WeChat account) or wechat (has another user)

local moving = refusal_while_moving(A.site)
if moving then return moving end
local results = {}
for _, row in ipairs(cjson.decode(A.rows)) do
  local wanted = {
    site = A.site, user = row[1], openid = row[2], unionid = row[3], at = row[4] ~= '' and row[4] or nil,
    made_by = 'import', source = '', actor = 'cli', many = A.many == '1', display = row[5],
  }
  local result, whose
  if A.dry == '1' then result, whose = binding_outcome(wanted) else result, whose = bind(wanted) end
  results[#results + 1] = whose or result
end
return {'done', now, results}
