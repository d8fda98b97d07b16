-- Purpose: add the counts of one process for a subject (a site or an account) to the current minute and hour, and its
--   new verifications to the latest ones. A repeated batch, whose answer was lost, is not added again.
--   What fails is also noted with its first and latest time (`seen`: field=first,latest; a time that is not above 0 is
--   so many ms before now). It begins anew after a day; after a good call of the same endpoint and ten minutes; and
--   where no endpoint is known, after 45 minutes.
-- KEYS: batch latest
-- ARGS: offset root subject counts seen started minutes_kept hours_kept latest_most latest_kept
-- OUTCOMES: done same
-- USES: clock names

if not redis.call('SET', K.batch, '1', 'NX', 'PX', TTL_MARGIN) then return {'same', now} end
local buckets = {
  [key('minute', A.subject, math.floor(now / 60000))] = A.minutes_kept * 60000 + TTL_MARGIN,
  [key('hour', A.subject, math.floor(now / 3600000))] = A.hours_kept * 3600000 + TTL_MARGIN,
}
for bucket, kept in pairs(buckets) do
  for field, count in string.gmatch(A.counts, '(%S+)=(%d+)') do redis.call('HINCRBY', bucket, field, count) end
  if A.counts ~= '' then redis.call('PEXPIRE', bucket, string.format('%.0f', kept)) end
end
if A.seen ~= '' then
  local episodes = key('episode', A.subject)
  for field, first, latest in string.gmatch(A.seen, '(%S+)=(%-?%d+),(%-?%d+)') do
    first, latest = tonumber(first), tonumber(latest)
    if first <= 0 then first, latest = now + first, now + latest end
    local since, before = string.match(redis.call('HGET', episodes, field) or '', '(%d+) (%d+)')
    if since then
      local gap, endpoint, fine = first - tonumber(before), string.match(field, '^(call%.[^.]+)%.'), nil
      if endpoint then fine = string.match(redis.call('HGET', episodes, endpoint .. '.0') or '', '%d+ (%d+)') end
      local mended = fine and tonumber(fine) > tonumber(before) and gap > 600000
      if gap > 86400000 or mended or (not endpoint and gap > 2700000) then since = nil end
    end
    latest = math.max(latest, tonumber(before or 0))
    redis.call('HSET', episodes, field, string.format('%.0f %.0f', tonumber(since or first), latest))
  end
  redis.call('PEXPIRE', episodes, '172800000')
end
if A.started ~= '' then
  for id in string.gmatch(A.started, '%S+') do redis.call('LPUSH', K.latest, id) end
  redis.call('LTRIM', K.latest, 0, A.latest_most - 1)
  redis.call('PEXPIRE', K.latest, A.latest_kept)
end
return {'done', now}
