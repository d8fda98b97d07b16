-- Purpose: reset a user's guess budget.
-- KEYS: user_guesses
-- ARGS: offset root actor site user reason audit_kept audit_lines
-- OUTCOMES: done
-- USES: clock names windows audit

redis.call('DEL', K.user_guesses, long_name(K.user_guesses))
audit(A.actor, 'guesses.lifted', {site = A.site, user = A.user, reason = A.reason})
return {'done', now}
