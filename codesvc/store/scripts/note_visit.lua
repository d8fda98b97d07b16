-- Purpose: store the openid that web authorisation returned for a browser, for one subject and for a few minutes.
--   WeChat knew the code, so its try (`admit_visit`, at `admitted`) counts no longer for the address and the network,
--   which many people may share. Of a snapshot user, who has no openid, nothing is stored.
--   `lane` is as `admit_visit` has answered.
-- KEYS: visit
-- ARGS: offset account openid unionid life admitted lane address address_rates network network_rates
-- OUTCOMES: done
-- USES: clock windows visit_windows

if A.openid ~= '' then
  redis.call('HSET', K.visit, 'openid', A.openid, 'unionid', A.unionid, 'since', string.format('%.0f', now),
    'until', string.format('%.0f', now + A.life))
  redis.call('PEXPIRE', K.visit, tonumber(A.life) + TTL_MARGIN)
end
for _, tries in ipairs({visit_windows(A.lane)}) do
  if withdraw_event(tries, tonumber(A.admitted)) and tries.packed ~= LONG then
    redis.call('SET', tries.at, tries.packed, 'KEEPTTL')
  end
end
return {'done', now}
