-- binding_history: the history of a user's bindings, one line for each change. The last line of the present binding is
-- computed from the binding itself and is written only when the binding ends. So a user who was bound once, like nearly
-- every user, has no history in the store.
-- In the history a tag stands for a WeChat. Two lines with the same tag mean the same WeChat, but a tag cannot be
-- converted back to an openid, and nobody without the key can compute the tag of an openid that they know: the history
-- is kept longer than personal data may be (codesvc.domain.binding makes the same tag).
local function tag_of(site, openid)
  return string.sub(redis.sha1hex(A.tag_key .. redis.sha1hex(A.tag_key .. site .. '/' .. openid)), 1, 12)
end

-- The line of the binding at `at`; nil if there is none, or if it is older than the history's retention.
local function present(at, site)
  local b = redis.call('HMGET', at, 'openid', 'made_by', 'source', 'at', 'noted', 'from', 'by')
  -- An import may set an earlier time of binding; the history has the time of the import.
  local stamp = b[5] or b[4]
  if not b[1] or now >= stamp + A.history_kept then return nil end
  return {
    event = b[6] and 'moved' or 'bound', by = b[7] or b[2], source = b[3] or '', wechat = tag_of(site, b[1]), from = b[6] or nil,
    at = stamp,
  }
end

local function remember(site, user, line)
  local list = key('history', site, user)
  redis.call('RPUSH', list, cjson.encode(line))
  redis.call('LTRIM', list, -HISTORY_LENGTH, -1)
  redis.call('PEXPIRE', list, A.history_kept)
end
