-- Purpose: reset a user's guess budget, and that of the contacts of their latest verifications: a sign-up has a user for
--   each attempt.
-- KEYS: user_guesses lately
-- ARGS: offset root actor site user reason audit_kept audit_lines
-- OUTCOMES: done
-- USES: clock names former_site windows recent_activity record audit

local function lift(at) redis.call('DEL', at, long_name(at)) end
lift(K.user_guesses)
for _, entry in ipairs(read_recent_activity(K.lately, '').entries) do
  local r = read_record(record_at('vf_' .. string.sub(entry, 7)))
  local m = r and r.contact and read_record(key('message', r.contact))
  if m then
    lift(key('window', 'contact_guesses', m.site, m.whom))
    if m.region then lift(key('window', 'contact_guesses', m.site, m.whom .. '/' .. m.region)) end
  end
end
audit(A.actor, 'guesses.lifted', {site = A.site, user = A.user, reason = A.reason})
return {'done', now}
