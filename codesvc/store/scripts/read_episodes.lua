-- Purpose: read when what fails of a subject (a site or an account) began, and when it was last seen.
-- KEYS:
-- ARGS: offset root subject
-- OUTCOMES: done
-- USES: clock names
-- REPLY done: episodes
--   episodes: fields, and `first latest` in ms since 1970, in turn

return {'done', now, redis.call('HGETALL', key('episode', A.subject))}
