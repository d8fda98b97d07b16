-- Purpose: use up a code of wechat-server's protocol: the openid that it was made for, once.
-- KEYS: code misses
-- ARGS: offset guesses life
-- OUTCOMES: done absent limited
-- USES: clock windows
-- REPLY done: openid
-- REPLY limited: wait_ms
--   absent: unknown, used or expired; it counts as a guess of the site

local misses = window(K.misses, A.guesses)
local wait = wait_for(misses)
if wait > 0 then return {'limited', now, wait} end
local mark, expires, openid = string.match(redis.call('GET', K.code) or '', '^(%S+) (%d+) (%S+)$')
if not openid or is_over_by(expires, A.life) then
  count_event(misses)
  return {'absent', now}
end
redis.call('SET', K.code, mark .. ' ' .. expires .. ' ', 'KEEPTTL')
return {'done', now, openid}
