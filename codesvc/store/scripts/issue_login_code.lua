-- Purpose: keep a code of wechat-server's protocol for the WeChat account that asked for one in the chat.
--   A repeated callback gets the answer of the first, unless that was given at a former site of this name.
--   `live` bounds how many short codes of the site are live at once. Above it, and while the site's budget of wrong codes
--   is spent, the long code is kept instead of the short one.
-- KEYS: code long_code keyword_window live misses
-- ARGS: offset root account openid site mark life most guesses keyword_rates
-- OUTCOMES: done ended limited collision
-- USES: clock names former_site windows keyword_rates newcomers
-- REPLY done: long
-- REPLY limited: wait_ms
--   mark: of the message; long: 1 where the long code was kept; ended: the message's code has been used, or was a former
--   site's

for long, at in ipairs({K.code, K.long_code}) do
  local mark, since, openid = string.match(redis.call('GET', at) or '', '^(%S+) (%d+) %d+ (%S*)$')
  local is_good = openid == A.openid and not is_of_former_site(A.site, since)
  if mark == A.mark and is_good then return {'done', now, long - 1} end
  if mark == A.mark then return {'ended', now} end
end
local live = window(K.live, string.format('%.0f/%.0f', A.most, A.life))
local long = wait_for(window(K.misses, A.guesses)) > 0 or wait_for(live) > 0
local at = long and K.long_code or K.code
if redis.call('EXISTS', at) == 1 then return {'collision', now} end

local sent = keyword_window(K.keyword_window, A.keyword_rates)
local wait = keyword_wait(sent, A.keyword_rates, A.site)
if wait <= 0 and sent.length == 0 and not has_room(2) then wait = until_room() end
if wait > 0 then return {'limited', now, wait} end
if not long then count_event(live) end
count_event(sent)
redis.call('SET', at, string.format('%s %.0f %.0f %s', A.mark, now, now + A.life, A.openid), 'PX', A.life + TTL_MARGIN)
return {'done', now, long and 1 or 0}
