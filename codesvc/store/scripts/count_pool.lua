-- Purpose: count the QR codes in an account's pool. It is emptied first if it is another server's.
-- KEYS: pool pool_server
-- ARGS: offset
-- OUTCOMES: done
-- USES: clock pool_server
-- REPLY done: left

empty_pool_of_another_server()
return {'done', now, redis.call('LLEN', K.pool)}
