-- audit: writes a line into the partition's audit log, which is limited in length and in age (codesvc.domain.audit
-- reads it). Users and openids are masked, so that the log may be kept longer than personal data; the masks are those
-- of codesvc.domain.masking.
local function masked_part(text)
  -- Characters, not octets: a character of UTF-8 is one octet below 0x80 or above 0xBF, and those that continue it.
  local parts = {}
  for character in string.gmatch(text, '[^\128-\191][\128-\191]*') do parts[#parts + 1] = character end
  if #parts <= 4 then return (parts[1] or '') .. '***' end
  local ends = #parts >= 8 and 2 or 1
  return table.concat(parts, '', 1, ends) .. '***' .. table.concat(parts, '', #parts - ends + 1)
end

local function masked(text)
  local name, host = string.match(text, '^([^@]*)@(.*)$')
  if name then return masked_part(name) .. '@' .. masked(host) end
  return masked_part(text)
end

local function audit(actor, act, about)
  local log = key('audit')
  about.at, about.actor, about.act = string.format('%.0f', now), actor, act
  if about.user then about.user = masked(about.user) end
  if about.wechat then about.wechat = masked(about.wechat) end
  if about.came_from then about.came_from = masked(about.came_from) end
  redis.call('XADD', log, 'MAXLEN', '~', AUDIT_LENGTH, '*', 'line', cjson.encode(about))
  redis.call('XTRIM', log, 'MINID', '~', string.format('%.0f', now - A.offset - A.audit_kept))
  redis.call('PEXPIRE', log, A.audit_kept)
end
