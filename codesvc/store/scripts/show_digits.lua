-- Purpose: record that a browser outside of WeChat shows digits for a ticket: these digits will prove that browser. The
--   latest browser counts, so that two people with the link cannot block each other's page for long.
-- KEYS: ticket
-- ARGS: offset account root topic id browser
-- OUTCOMES: done ended absent
-- USES: clock names former_site record disowning ticket
-- REPLY done ended: ticket

local r = read_ticket(K.ticket)
if not r or r.id ~= A.id then return {'absent', now} end
if not is_good(r) then return answer('ended', r) end
write(r, {browser = A.browser})
redis.call('SET', account_key('awaiting', r.openid), r.id, 'PX', string.format('%.0f', r.expires - now))
return answer('done', r)
