-- Purpose: take one unit of a day's quota right before a call to WeChat that has no delivery of its own: a notice.
-- KEYS: day outbox
-- ARGS: offset appid call site reset sites assumed_daily reserve
-- OUTCOMES: done
-- USES: clock quota_alert quota
-- REPLY done: quota
--   quota: yes, day or minute (which quota is used up)

return {'done', now, take_quota(K.day, A.site, A.reset == '1', A.call)}
