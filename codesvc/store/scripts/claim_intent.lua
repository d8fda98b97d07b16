-- Purpose: what a scan of a bind intent's or a login's QR code does, or its keyword, or its web authorisation: note who is
--   there, and ask. Nothing is acted on before the yes, unless the site switched that off for bind intents (rule 10).
--   Then a scan binds at once, if it is known who scanned; not a web authorisation, because its page asks.
--   An intent is claimed once; its claimer may come again and gets the same answer. A repeated callback asks nothing anew:
--   the latest question stays the one that a reply answers. `by` says how it was claimed first:
--   scene, keyword or oauth. `forgeable` is 1 if anybody may have made the event (rule 9).
-- KEYS: intent asked seen outbox
-- ARGS: offset root account appid topic notice event openid unionid method by once forgeable sites history_kept audit_kept audit_lines tag_key
-- OUTCOMES: asked bound conflict ended refused absent limited
-- USES: clock names former_site windows once record disowning eviction reachability notice webhook audit binding_history recipient_proof binding intent settlement moving
-- REPLY asked bound conflict ended limited: intent

local r = read_record(K.intent)
if not r or intent_gone(r) or r.method ~= A.method or not has_site(r.site) then return {'absent', now} end
local moving = refusal_while_moving(r.site)
if moving then return moving end
cancel_if_from_before(r)
if r.claimed_by and r.claimed_by ~= A.openid then return {'refused', now} end
if not LIVE_INTENTS[intent_status(r)] then
  if r.claimed_by then return answer('ended', r) end
  return {'absent', now}
end
if not r.claimed_by then
  local users = r.kind == 'lg' and redis.call('SMEMBERS', key('owners', r.site, A.openid)) or {}
  table.sort(users)
  -- There may be more from before there was a limit; what nobody is shown is not read.
  for number = #users, MOST_USERS + 1, -1 do users[number] = nil end
  local names = {}
  for number, user in ipairs(users) do names[number] = display_of(r.site, user) end
  move_intent(r, 'scanned', {
    claimed_by = A.openid, claimed_how = A.by, unionid = A.unionid, choices = table.concat(users, ' '),
    displays = #names > 0 and cjson.encode(names) or nil,
  })
end
local again = has_acted()
-- A reply answers what a signed scan asked. A scan that could be forged would give the person's yes to their own question
-- another meaning; a page gets its answer itself.
if A.once == '1' and not again then redis.call('SET', K.asked, r.id, 'PX', math.max(1, r.expires - now) + TTL_MARGIN) end
if r.kind ~= 'bi' or r.confirm ~= '0' or A.by == 'oauth' or A.forgeable == '1' then return answer('asked', r) end
if may_not_bind(r) then return answer('limited', r) end
if not (again and r.status == 'conflict') and settle_bind(r, r.replace == '1') then return answer('bound', r) end
return answer('conflict', r)
