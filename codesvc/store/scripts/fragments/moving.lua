-- moving: while the bindings of a site are moved to another appid (codesvc.service.bindings_move), nothing changes them or
-- relies on them under the old appid, and afterwards nothing does there any more: a user who has been moved already reads
-- as not bound here. A service that still runs under the old appid would otherwise lose what it is told, or approve a
-- stranger. Its calls are refused as while the store does not answer.

-- The error to return, nil if the bindings of this site are in their place. codesvc.store.binding_accounts has the forms
-- `OLD moving` and `NEW moved OLD`.
local function refusal_while_moving(site)
  local noted = redis.call('HGET', key('binding_account'), site)
  if not noted then return nil end
  local moved_from = string.match(noted, ' moved (%S+)$')
  if moved_from ~= A.appid and not string.find(noted, ' moving', 1, true) then return nil end
  return redis.error_reply('BINDINGSMOVE the bindings of this site move to another appid')
end
