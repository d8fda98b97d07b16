-- notice: sends a WeChat account a message that belongs to no verification, by a job of the outbox.
-- `A.notice` is a fresh id; a script that sends two notices appends their number. The content is JSON, read by
-- codesvc.delivery.notices.
local notices_sent = 0

-- A person gets so many notices of a kind from each site, whoever causes them; with messages muted (disown.lua) one. A
-- site does not use up another's, nor does a harmless notice use up one of another kind.
local NOTICES, NOTICES_OF_MUTED = '10/86400000', '1/86400000'

local function notices(site, openid, name)
  local at = account_key('openid_window', 'notices_' .. name .. '_' .. site, openid)
  return window(at, is_muted(openid) and NOTICES_OF_MUTED or NOTICES, NOTICES)
end

local function may_notify(site, openid, name) return wait_for(notices(site, openid, name)) <= 0 end

local function notify(openid, name, about)
  if is_test_openid(openid) then return end
  local sent = notices(about.site, openid, name)
  if wait_for(sent) > 0 then return end
  count_event(sent)
  notices_sent = notices_sent + 1
  local id = A.notice .. '-' .. notices_sent
  about.now = string.format('%.0f', now)
  redis.call('HSET', key('notice', id), 'openid', openid, 'name', name, 'about', cjson.encode(about))
  redis.call('PEXPIRE', key('notice', id), NOTICE_KEPT)
  redis.call('XADD', K.outbox, '*', 'kind', 'notice', 'id', id, 'number', 0, 'account', A.appid)
end
