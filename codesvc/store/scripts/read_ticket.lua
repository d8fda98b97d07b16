-- Purpose: read a ticket by its id, or the ticket for which a WeChat account is expected to send digits.
-- KEYS: awaiting
-- ARGS: offset root account topic id
-- OUTCOMES: done absent
-- USES: clock names former_site record disowning ticket
-- REPLY done: ticket

local id = A.id ~= '' and A.id or redis.call('GET', K.awaiting)
local r = id and read_ticket(account_key('ticket', id))
if not r then return {'absent', now} end
return answer('done', r)
