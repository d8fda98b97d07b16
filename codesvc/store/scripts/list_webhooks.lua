-- Purpose: list one page of a site's events, latest first, before the event named `after` (its time and name; '' for
--   the first page). `status` and `kind` filter, '' takes all. One call looks at LOOK events and reads only those that it
--   returns, because the calls of all tenants wait for it. If it ends without a full page, the next call continues after
--   the last event that was looked at.
-- KEYS: log
-- ARGS: offset root site after_at after status kind most
-- OUTCOMES: done
-- USES: clock names webhook
-- REPLY done: hooks after_at after
--   hooks: each a flat list; after_at, after: time and name to go on after, '' where there are no more

local LOOK, STEP = 200, 100
local found, looked, at_time, at_name = {}, 0, A.after_at, A.after
local top = A.after_at ~= '' and A.after_at or '+inf'
local skip = 0
while true do
  local part = redis.call('ZREVRANGEBYSCORE', K.log, top, '-inf', 'WITHSCORES', 'LIMIT', skip, STEP)
  if #part == 0 then return {'done', now, found, '', ''} end
  for i = 1, #part, 2 do
    local member, score = part[i], part[i + 1]
    -- Of several events in the same millisecond, those up to `after` are on earlier pages.
    if A.after == '' or tonumber(score) < tonumber(A.after_at) or member < A.after then
      looked, at_time, at_name = looked + 1, score, member
      if A.kind == '' or string.sub(member, 1, #A.kind + 1) == A.kind .. ' ' then
        local at = webhook_at(A.site, member)
        local status = redis.call('HGET', at, 'status')
        if status and (A.status == '' or status == A.status) then found[#found + 1] = redis.call('HGETALL', at) end
      end
      if #found >= tonumber(A.most) or looked >= LOOK then return {'done', now, found, at_time, at_name} end
    end
  end
  skip = skip + STEP
end
