-- binding_history: the history of a user's bindings, one line for each change. The line of the present binding is
-- computed from the binding. It is written only when the binding ends, so that nearly all users, who are bound only
-- once, need no history in the store.
-- The history has tags in place of openids, because it is kept longer than personal data may be. The same tag means the
-- same WeChat account. A tag cannot be converted back to an openid. Without A.tag_key nobody can compute the tag of an
-- openid that they know. codesvc.domain.binding makes the same tag.
local function tag_by(tag_key, site, openid)
  return string.sub(redis.sha1hex(tag_key .. redis.sha1hex(tag_key .. site .. '/' .. openid)), 1, 12)
end
local function tag_of(site, openid) return tag_by(A.tag_key, site, openid) end

-- Also the tags by the other master keys: what is stored may be older than the current key, or another process's.
local function tags_of(site, openid)
  local tags = {tag_of(site, openid)}
  for tag_key in string.gmatch(A.other_tag_keys, '%x+') do tags[#tags + 1] = tag_by(tag_key, site, openid) end
  return tags
end

-- The history line of the binding with the key `at`; nil if there is no binding, or if it is older than A.history_kept.
local function line_of_binding(at, site)
  local b = redis.call('HMGET', at, 'openid', 'made_by', 'source', 'at', 'noted', 'from', 'by')
  -- An import may set an earlier time of binding; the history has the time of the import.
  local stamp = b[5] or b[4]
  if not b[1] or now >= stamp + A.history_kept then return nil end
  return {
    event = b[6] and 'moved' or 'bound', by = b[7] or b[2], source = b[3] or '', wechat = tag_of(site, b[1]), from = b[6] or nil,
    at = stamp,
  }
end

-- Remove what a user's history says about one WeChat account. The lines about others are theirs, and stay.
local function forget_in_history(site, user, tag)
  local list = key('history', site, user)
  local lines, left = redis.call('LRANGE', list, 0, -1), redis.call('PTTL', list)
  redis.call('DEL', list)
  for _, text in ipairs(lines) do
    local line = cjson.decode(text)
    if line.from == tag then line.from = nil end
    if line.wechat ~= tag then redis.call('RPUSH', list, cjson.encode(line)) end
  end
  if left > 0 then redis.call('PEXPIRE', list, left) end
end

-- Add a line to a user's history. The newest HISTORY_LENGTH lines are kept.
local function add_history_line(site, user, line)
  local list = key('history', site, user)
  redis.call('RPUSH', list, cjson.encode(line))
  redis.call('LTRIM', list, -HISTORY_LENGTH, -1)
  redis.call('PEXPIRE', list, A.history_kept)
end
