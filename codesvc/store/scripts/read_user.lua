-- Purpose: read what an operator needs about a user: the latest verifications, and how much of the user's limits is
--   used.
-- KEYS: lately user_guesses
-- ARGS: offset user_pushes user_guesses
-- OUTCOMES: done
-- USES: clock windows recent_activity
-- REPLY done: verifications pushes_left guesses_left
--   verifications: ids, newest first

local mine = read_recent_activity(K.lately, A.user_pushes)
local ids = {}
for i = #mine.entries, 1, -1 do ids[#ids + 1] = 'vf_' .. string.sub(mine.entries[i], 7) end
return {'done', now, ids, left_of(mine.times), left_of(window(K.user_guesses, A.user_guesses))}
