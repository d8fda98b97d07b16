-- binding_history: the history of a user's bindings, line by line. The binding that there is now is its own last line: what it would
-- say stands in the binding already. So it is written into the history only when the binding ends, and a user who was
-- bound once and never again, as nearly everybody, has no history of his own in the store.
-- The history names a WeChat by a tag that tells whether two lines mean the same one, and from which nobody gets back
-- to an openid: it outlives the binding, and what is kept of a person must not (codesvc.domain.binding draws the same tag).
local function tag_of(site, openid) return string.sub(redis.sha1hex(site .. '/' .. openid), 1, 12) end

-- The line of the binding at `at`; nil if there is none, or if it is older than the history is kept.
local function present(at, site)
  local b = redis.call('HMGET', at, 'openid', 'made_by', 'source', 'at', 'noted', 'from')
  -- An import may say that a binding is older; the history says when it was told so.
  local stamp = b[5] or b[4]
  if not b[1] or now >= stamp + A.history_kept then return nil end
  return {
    event = b[6] and 'moved' or 'bound', by = b[2], source = b[3] or '', wechat = tag_of(site, b[1]), from = b[6] or nil,
    at = stamp,
  }
end

local function remember(site, user, line)
  local list = key('history', site, user)
  redis.call('RPUSH', list, cjson.encode(line))
  redis.call('LTRIM', list, -HISTORY_LENGTH, -1)
  redis.call('PEXPIRE', list, A.history_kept)
end
