-- Purpose: "this was not me": cancel pending verifications that were recently sent to this openid, and mute pushes for
--   a day. An undisclosed verification that was only pushed still reads as pending, but accepts no code (DESIGN rule
--   5). A repeated callback stops nothing more, because later verifications are not what the person meant. `declined` is 1
--   if the same message declined a question: then pushes are muted only if there was a code, too.
-- KEYS: recent muted seen
-- ARGS: offset root account topic openid mute declined
-- OUTCOMES: done
-- USES: clock names windows recent_activity record contact refund
-- REPLY done: stopped

local before = redis.call('GET', K.seen)
if before then return {'done', now, tonumber(before)} end
local stopped = 0
for _, entry in ipairs(read_recent_activity(K.recent, '').entries) do
  local r = read_record(record_at('vf_' .. entry))
  if r and status_of(r) == 'pending' and r.sent_to == A.openid and r.disarmed ~= '1' then
    stopped = stopped + 1
    if r.disclose == '1' or r.claimed_by == A.openid then
      end_and_refund(r, 'canceled')
    else
      close_contact(r)
      write(r, {disarmed = '1', trail = with_step(r, 'disowned')})
    end
    wake(r)
  end
end
redis.call('SET', K.seen, tostring(stopped), 'PX', SEEN_KEPT)
if stopped == 0 and A.declined == '1' then return {'done', now, stopped} end
redis.call('SET', K.muted, string.format('%.0f', now + A.mute), 'PX', string.format('%.0f', A.mute + TTL_MARGIN))
return {'done', now, stopped}
