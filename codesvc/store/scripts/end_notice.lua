-- Purpose: a notice has been sent, or never will be: acknowledge its job and forget it, in one act.
-- KEYS: notice outbox
-- ARGS: offset entry group
-- OUTCOMES: done
-- USES: clock

redis.call('XACK', K.outbox, A.group, A.entry)
redis.call('XDEL', K.outbox, A.entry)
redis.call('DEL', K.notice)
return {'done', now}
