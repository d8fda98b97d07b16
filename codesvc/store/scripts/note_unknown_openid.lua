-- Purpose: record that the account has no such openid, because WeChat answered a send with 40003. Bindings stay, but no
--   message is tried any more, and a binding that only a file or a site has vouched for no longer protects its user.
--   What WeChat says later clears it: a message, a scan or a new follower under this openid.
-- KEYS: unknown
-- ARGS: offset root account topic openid sites event tag_key
-- OUTCOMES: done
-- USES: clock names webhook binding_history

-- Every send to this openid answers the same; the event is emitted once.
if redis.call('SET', K.unknown, string.format('%.0f', now), 'NX') then
  local bound = false
  for site, wanted in string.gmatch(A.sites, '(%S+)/(%S*)') do
    for _, user in ipairs(redis.call('SMEMBERS', key('owners', site, A.openid))) do
      bound = true
      emit(wanted, site, 'binding.unreachable', {
        user = user, wechat = tag_of(site, A.openid), reason = 'unknown-openid',
      })
    end
  end
  -- Without a binding there is nothing to mark.
  if not bound then redis.call('DEL', K.unknown) end
end
return {'done', now}
