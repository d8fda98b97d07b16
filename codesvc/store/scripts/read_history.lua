-- Purpose: what became of a user's bindings, oldest first.
-- KEYS: history
-- ARGS: offset
-- OUTCOMES: done
-- USES: clock
--   done: {outcome, now, lines as JSON}

return {'done', now, redis.call('LRANGE', K.history, 0, -1)}
