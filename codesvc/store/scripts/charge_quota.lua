-- Purpose: take one unit of a day's quota right before the call to WeChat that sends a notice. (The calls of
--   verifications and messages are charged by the scripts that begin them.)
-- KEYS: day outbox
-- ARGS: offset appid call site reset sites assumed_daily reserve
-- OUTCOMES: done
-- USES: clock quota_alert quota
-- REPLY done: quota
--   quota: 'yes' if the unit was taken, else the quota that is used up: 'day' or 'minute'

return {'done', now, take_quota(K.day, A.site, A.reset == '1', A.call)}
