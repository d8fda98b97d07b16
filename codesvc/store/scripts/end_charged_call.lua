-- Purpose: a call to WeChat that was charged has ended. If WeChat has certainly not counted it, its unit of the day's
--   quota is given back. Safe to repeat.
-- KEYS: day
-- ARGS: offset call counted sites assumed_daily reserve
-- OUTCOMES: done stale
-- USES: clock quota

if not end_charged(K.day, A.call, A.counted == '1') then return {'stale', now} end
return {'done', now}
