-- Purpose: use up a code of wechat-server's protocol: the openid that it was made for, once.
-- KEYS: code misses
-- ARGS: offset root account site guesses
-- OUTCOMES: done absent limited
-- USES: clock names former_site windows disowning
-- REPLY done: openid
--   absent: unknown, used, expired, of a former site of this name, or its WeChat account has said "not me" since; it
--   counts as a guess of the site
--   guesses: '' for a long code, which no budget may refuse

local misses = window(K.misses, A.guesses)
if wait_for(misses) > 0 then return {'limited', now} end
local mark, since, expires, openid = string.match(redis.call('GET', K.code) or '', '^(%S+) (%d+) (%d+) (%S+)$')
if not openid or is_over(since, expires) or has_disowned(openid, since) or is_of_former_site(A.site, since) then
  count_event(misses)
  return {'absent', now}
end
redis.call('SET', K.code, table.concat({mark, since, expires, ''}, ' '), 'KEEPTTL')
return {'done', now, openid}
