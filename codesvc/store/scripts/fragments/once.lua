-- once: a callback acts once, also if its bytes come again: WeChat repeats a callback that it got no answer to (WECHAT.md
-- 9.4), and whoever reads the line can send it again while its time is fresh. `once` is 1 for a signed callback, whose id
-- K.seen names. Of what nobody signed nothing is kept, because its sender could choose the ids. Following is not counted:
-- that a person can be reached shows with the next message.

-- Whether this callback has acted before; it counts as one that has from now on.
local function has_acted() return A.once == '1' and not redis.call('SET', K.seen, '-', 'NX', 'PX', SEEN_KEPT) end
