-- Purpose: a browser outside of WeChat shows digits for a ticket: it is this browser that they will prove. The latest
--   one counts, so whoever is sent a link cannot take away the asker's own page for long, nor the other way round.
-- KEYS: ticket
-- ARGS: offset account root channel id browser
-- OUTCOMES: done ended absent
-- USES: clock names record ticket
-- REPLY done ended: ticket

local r = read_record(K.ticket)
if not r or r.id ~= A.id then return {'absent', now} end
if not is_good(r) then return answer('ended', r) end
write(r, {browser = A.browser})
redis.call('SET', account_key('awaiting', r.openid), r.id, 'PX', string.format('%.0f', r.expires - now))
return answer('done', r)
