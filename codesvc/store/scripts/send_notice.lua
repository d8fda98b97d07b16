-- Purpose: send a message to a WeChat account. It holds what must not be in the reply to a callback whose body is not
--   signed (rule 9). WeChat repeats a callback up to three times; the message is sent once.
-- KEYS: notice seen outbox
-- ARGS: offset appid id openid name about
-- OUTCOMES: done same
-- USES: clock

if not redis.call('SET', K.seen, '1', 'NX', 'PX', SEEN_KEPT) then return {'same', now} end
redis.call('HSET', K.notice, 'openid', A.openid, 'name', A.name, 'about', A.about)
redis.call('PEXPIRE', K.notice, TTL_MARGIN)
redis.call('XADD', K.outbox, '*', 'kind', 'notice', 'id', A.id, 'number', 0, 'account', A.appid)
return {'done', now}
