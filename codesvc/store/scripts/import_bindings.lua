-- Purpose: take over a batch of bindings that a site has from elsewhere, each by the rules of all bindings; nobody is
--   told, and no event is emitted. `dry` only says what would happen. `rows` is JSON: lists of user, openid, unionid, since (ms as text or '').
-- KEYS: outbox
-- ARGS: offset root account appid channel notice event site rows many dry history_kept audit_kept
-- OUTCOMES: done
-- USES: clock names notice webhook audit binding_history binding
-- REPLY done: verdicts
--   verdicts: for each row bound, same, user (has another WeChat) or wechat (has another user)

local words = {}
for _, row in ipairs(cjson.decode(A.rows)) do
  local wanted = {
    site = A.site, user = row[1], openid = row[2], unionid = row[3], at = row[4] ~= '' and row[4] or nil,
    made_by = 'import', source = '', actor = 'cli', many = A.many == '1',
  }
  local word, whose
  if A.dry == '1' then word, whose = verdict(wanted) else word, whose = join(wanted) end
  words[#words + 1] = whose or word
end
return {'done', now, words}
