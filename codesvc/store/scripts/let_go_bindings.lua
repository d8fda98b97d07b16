-- Purpose: remove bindings that another partition has taken over (take_in_bindings), unless they have changed since.
--   `rows` is JSON: lists of site, user, openid.
-- KEYS:
-- ARGS: offset root rows
-- OUTCOMES: done
-- USES: clock names

for _, row in ipairs(cjson.decode(A.rows)) do
  local site, user, openid = unpack(row)
  local at = key('binding', site, user)
  local known = redis.call('HMGET', at, 'openid', 'unionid')
  if known[1] == openid then
    if known[2] then redis.call('SREM', key('union', site, known[2]), user) end
    redis.call('DEL', at, key('history', site, user))
    redis.call('SREM', key('owners', site, openid), user)
  end
end
return {'done', now}
