-- Purpose: end a notice that was sent or given up: acknowledge its job and delete it, in one script.
-- KEYS: notice outbox
-- ARGS: offset entry group
-- OUTCOMES: done
-- USES: clock

redis.call('XACK', K.outbox, A.group, A.entry)
redis.call('XDEL', K.outbox, A.entry)
redis.call('DEL', K.notice)
return {'done', now}
