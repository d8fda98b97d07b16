-- audit: writes a line into the audit log of its site, or of the partition for lines without a site. Each log is limited
-- in length and in age by itself, so that no site pushes out another's lines (codesvc.domain.audit reads them). Failed
-- sign-ins, which strangers write, have a log of their own. The lines of a log are numbered, and the hash `audits`
-- counts them (codesvc.domain.audit_gaps), so that a reader knows how many are gone and why. Users and openids are
-- masked, so that the log may be kept longer than personal data; the masks are those of codesvc.domain.masking.
local function masked_part(text)
  -- Characters, not octets: a character of UTF-8 is one octet below 0x80 or above 0xBF, and those that continue it.
  local parts = {}
  for character in string.gmatch(text, '[^\128-\191][\128-\191]*') do parts[#parts + 1] = character end
  if #parts <= 4 then return (parts[1] or '') .. '***' end
  local ends = #parts >= 8 and 2 or 1
  return table.concat(parts, '', 1, ends) .. '***' .. table.concat(parts, '', #parts - ends + 1)
end

local function masked(text)
  local name, host = string.match(text, '^(.*)@([^@]*)$')
  if name then return masked_part(name) .. '@' .. masked_part(host) end
  return masked_part(text)
end

-- `log` is what the name of the log begins with; without it the act says it. What can be done any number of times
-- pushes out no line about a binding, and none about a key (codesvc.domain.audit).
local function audit(actor, act, about, log)
  local name = act == 'login.failed' and act or (log or LOG_OF_ACT[act] or '') .. (about.site or '')
  local counts = key('audits')
  log = name == '' and key('audit') or key('audit_of', name)
  about.at, about.actor, about.act = string.format('%.0f', now), actor, act
  if about.user then about.user = masked(about.user) end
  if about.wechat then about.wechat = masked(about.wechat) end
  if about.came_from then about.came_from = masked(about.came_from) end
  about.number = redis.call('HINCRBY', counts, name, 1)
  redis.call('XADD', log, '*', 'line', cjson.encode(about))
  local old = redis.call('XTRIM', log, 'MINID', '~', string.format('%.0f', now - A.offset - A.audit_kept))
  if old > 0 then redis.call('HINCRBY', counts, name .. '/age', old) end
  local over = redis.call('XTRIM', log, 'MAXLEN', '~', A.audit_lines)
  if over > 0 then redis.call('HINCRBY', counts, name .. '/length', over) end
  redis.call('HSET', counts, name .. '/last', about.at)
  redis.call('PEXPIRE', log, A.audit_kept)
  redis.call('PEXPIRE', counts, A.audit_kept)
end
