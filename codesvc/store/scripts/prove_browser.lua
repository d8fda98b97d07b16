-- Purpose: check six digits that a ticket's WeChat sent. The caller has compared them; `verdict` is the result. The
--   script decides whether they count. Three wrong attempts end the ticket.
-- KEYS: ticket awaiting seen
-- ARGS: offset root account topic openid browser verdict
-- OUTCOMES: approved wrong ended absent
-- USES: clock names former_site record disowning ticket
-- REPLY approved wrong ended: ticket

local r = read_ticket(K.ticket)
if not r or r.openid ~= A.openid or r.browser ~= A.browser then return {'absent', now} end
if A.verdict == '1' and r.proven == A.browser then return answer('approved', r) end
if not is_good(r) then return answer('ended', r) end
if A.verdict == '1' then
  write(r, {proven = A.browser})
  wake(r)
  return answer('approved', r)
end
-- WeChat repeats a callback up to three times; it is counted once.
if redis.call('SET', K.seen, '1', 'NX', 'PX', SEEN_KEPT) then write(r, {tries_left = r.tries_left - 1}) end
if tonumber(r.tries_left) > 0 then return answer('wrong', r) end
redis.call('DEL', K.awaiting)
move_ticket(r, 'dead', {})
return answer('ended', r)
