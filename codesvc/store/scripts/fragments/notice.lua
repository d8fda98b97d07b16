-- notice: sends a WeChat account a message that belongs to no verification, by a job of the outbox.
-- `A.notice` is a fresh id; a script that sends two notices appends their number. The content is JSON, read by
-- codesvc.delivery.notices.
local notices_sent = 0
local function notify(openid, name, about)
  if is_test_openid(openid) then return end
  notices_sent = notices_sent + 1
  local id = A.notice .. '-' .. notices_sent
  about.now = string.format('%.0f', now)
  redis.call('HSET', key('notice', id), 'openid', openid, 'name', name, 'about', cjson.encode(about))
  redis.call('PEXPIRE', key('notice', id), NOTICE_KEPT)
  redis.call('XADD', K.outbox, '*', 'kind', 'notice', 'id', id, 'number', 0, 'account', A.appid)
end
