-- Purpose: use up a code of wechat-server's protocol: the openid that it was made for, once.
-- KEYS: code misses
-- ARGS: offset account guesses life
-- OUTCOMES: done absent limited
-- USES: clock windows disowning
-- REPLY done: openid
--   absent: unknown, used, expired, or its WeChat account has said "not me" since; it counts as a guess of the site
--   guesses: '' for a long code, which no budget may refuse

local misses = window(K.misses, A.guesses)
if wait_for(misses) > 0 then return {'limited', now} end
local mark, expires, openid = string.match(redis.call('GET', K.code) or '', '^(%S+) (%d+) (%S+)$')
if not openid or is_over_by(expires, A.life) or has_disowned(openid, expires - A.life) then
  count_event(misses)
  return {'absent', now}
end
redis.call('SET', K.code, mark .. ' ' .. expires .. ' ', 'KEEPTTL')
return {'done', now, openid}
