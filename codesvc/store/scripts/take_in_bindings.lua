-- Purpose: take over bindings that lie under another appid of the same account, with the openids that WeChat gives
--   their people here. A binding whose openid has no successor is taken over as void: it only keeps the user's name for
--   the list of whom the site has to bind again, and nobody is hindered from that. Doing it again changes nothing. `rows`
--   is JSON: for each binding its site, user, old openid, new openid ('' for none), whether its site allows several users
--   of a WeChat account (1), and its fields as a table. `inside` is 1 where both appids are in this partition: then the
--   binding is already under the key that it will have, with the old openid and appid (`still_old`).
-- KEYS:
-- ARGS: offset root account appid rows inside history_kept tag_key
-- OUTCOMES: done
-- USES: clock names binding_history
-- REPLY done: verdicts
--   verdicts: for each row moved, void, same (done before), user (the user has been bound here since, which stays), or
--   wechat (the new openid belongs to another user here, so the binding came along as void)

local function take_in(site, user, old, new, many, fields)
  local at = key('binding', site, user)
  local here = redis.call('HMGET', at, 'openid', 'appid')
  local still_old = A.inside == '1' and here[1] == old and here[2] ~= A.appid
  if here[1] and not still_old then
    return (here[1] == new or (here[1] == old and here[2] == A.appid)) and 'same' or 'user'
  end
  local verdict = new ~= '' and 'moved' or 'void'
  if new ~= '' and many ~= 1 then
    for _, other in ipairs(redis.call('SMEMBERS', key('owners', site, new))) do
      if other ~= user then verdict = 'wechat' end
    end
  end
  if not still_old then
    for name, value in pairs(fields) do redis.call('HSET', at, name, value) end
    if fields.unionid then redis.call('SADD', key('union', site, fields.unionid), user) end
    redis.call('HSETNX', key('binding_account'), site, A.appid)
  end
  redis.call('HSET', at, 'appid', A.appid)
  if verdict == 'moved' then
    local past = line_of_binding(at, site)
    if past then add_history_line(site, user, past) end
    redis.call('HSET', at, 'openid', new, 'from', tag_of(site, old), 'by', 'migration')
    redis.call('HDEL', at, 'void')
    redis.call('HSET', at, 'noted', string.format('%.0f', now))
    redis.call('SREM', key('owners', site, old), user)
    redis.call('SADD', key('owners', site, new), user)
  else
    redis.call('SADD', key('owners', site, old), user)
    if not is_test_openid(old) then
      redis.call('HSET', at, 'void', '1')
      redis.call('SET', account_key('unknown', old), 'moved')
    end
  end
  return verdict
end

local verdicts = {}
for _, row in ipairs(cjson.decode(A.rows)) do verdicts[#verdicts + 1] = take_in(unpack(row)) end
return {'done', now, verdicts}
