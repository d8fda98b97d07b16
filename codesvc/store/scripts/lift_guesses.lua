-- Purpose: give a user a fresh guess budget.
-- KEYS: user_guesses
-- ARGS: offset
-- OUTCOMES: done
-- USES: clock

redis.call('DEL', K.user_guesses)
return {'done', now}
