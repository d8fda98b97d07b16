-- Purpose: read the openid that a browser has proved by web authorisation, for one subject.
-- KEYS: visit
-- ARGS: offset
-- OUTCOMES: done absent
-- USES: clock
-- REPLY done: openid unionid

local known = redis.call('HMGET', K.visit, 'openid', 'unionid', 'until', 'since')
if not known[1] or is_over(known[4], known[3]) then return {'absent', now} end
return {'done', now, known[1], known[2]}
