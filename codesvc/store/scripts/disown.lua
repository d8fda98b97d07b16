-- Purpose: "this was not me": cancel the pending verifications that were sent to this openid, take back approvals
--   of those whose proof is not spent, and mute pushes for a day. Whatever else this WeChat account has asked for or agreed
--   to, and nobody has used yet, is void from now on (disowning.lua). An undisclosed verification that was only pushed still
--   reads as pending, but accepts no code (DESIGN rule 5). A repeated callback stops nothing more, because later
--   verifications are not what the person meant. `declined` is 1 if the same message declined a question: then pushes are
--   muted only if there was a code, too. A person to whom no code was sent lately takes room (newcomers.lua).
--   `verification` is the one whose page has the button; '' from the chat.
-- KEYS: recent muted seen
-- ARGS: offset root account topic openid mute declined verification
-- OUTCOMES: done
-- USES: clock names former_site windows recent_activity record contact refund sent_verifications newcomers disowning
-- REPLY done: stopped entered
--   stopped: how many pending verifications were canceled; entered: of how many the code had been entered

local before = redis.call('GET', K.seen)
if before then
  local stopped, entered = string.match(before, '^(%d+) (%d+)$')
  return {'done', now, tonumber(stopped), tonumber(entered)}
end
local stopped, entered, entries = 0, 0, read_recent_activity(K.recent, '').entries
if A.verification ~= '' then entries[#entries + 1] = string.sub(A.verification, 4) end
for _, r in ipairs(records_sent(A.openid, entries)) do
  local status = status_of(r)
  if status == 'approved' and not is_over(r.approved, r.approved + PROOF_LIFE) then
    entered = entered + 1
    if not r.spent then
      write(r, {disarmed = '1', trail = with_step(r, 'disowned')})
      wake(r)
    end
  elseif status == 'pending' then
    stopped = stopped + 1
    if r.disclose_binding == '1' or r.claimed_by == A.openid then
      end_and_refund(r, 'canceled')
    else
      close_contact(r)
      write(r, {disarmed = '1', trail = with_step(r, 'disowned')})
    end
    wake(r)
  end
end
redis.call('SET', K.seen, stopped .. ' ' .. entered, 'PX', SEEN_KEPT)
local words = account_key('openid_window', 'openid_words', A.openid)
local known = redis.call('EXISTS', K.recent, K.muted, words, account_key('asked', A.openid), account_key('disowned', A.openid)) > 0
if not known and not has_room(1) then return {'done', now, stopped, entered} end
note_disowning(A.openid)
if stopped + entered == 0 and A.declined == '1' then return {'done', now, stopped, entered} end
redis.call('SET', K.muted, string.format('%.0f', now + A.mute), 'PX', string.format('%.0f', A.mute + TTL_MARGIN))
return {'done', now, stopped, entered}
