-- Purpose: add the counts of one process for a subject (a site or an account) to the current minute and hour, and its
--   new verifications to the latest ones. A repeated batch, whose answer was lost, is not added again.
-- KEYS: batch latest
-- ARGS: offset root subject counts started minutes_kept hours_kept latest_kept
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
if A.started ~= '' then
  for id in string.gmatch(A.started, '%S+') do redis.call('LPUSH', K.latest, id) end
  redis.call('LTRIM', K.latest, 0, 199)
  redis.call('PEXPIRE', K.latest, A.latest_kept)
end
return {'done', now}
