-- Purpose: the yes or no of the WeChat that scanned: by a reply in the chat (`id` is '': whatever this WeChat was asked
--   last), or by a button on a page that has proved to be the same openid. The same answer again finds what it did.
--   A repeated callback means what it meant the first time, whatever was asked since.
-- KEYS: asked seen outbox
-- ARGS: offset root account appid channel notice event openid id yes choice tell history_kept audit_kept
-- OUTCOMES: bound conflict approved unknown declined choose ended absent
-- USES: clock names record notice webhook audit binding_history binding intent settlement
-- REPLY bound conflict approved unknown declined choose ended: intent

local REPEAT_MARGIN = 60000
local id = A.id
if id == '' then
  id = redis.call('GET', K.seen) or redis.call('GET', K.asked)
  if id then redis.call('SET', K.seen, id, 'NX', 'PX', TTL_MARGIN) end
end
local r = id and read_record(key('intent', id))
if not r or intent_gone(r) or r.claimed_by ~= A.openid then return {'absent', now} end
-- A number chooses among the users of a login; it is no yes to anything else.
if A.choice ~= '' and r.kind ~= 'lg' then return {'absent', now} end
if intent_status(r) ~= 'scanned' then
  -- WeChat repeats a callback within seconds. A later no is about something else.
  if A.yes ~= '1' and now >= tonumber(r.ended or r.expires) + REPEAT_MARGIN then return {'absent', now} end
elseif A.yes ~= '1' then
  move_intent(r, 'declined', {})
elseif r.kind == 'lg' then
  if not settle_login(r, A.choice) then return answer('choose', r) end
elseif settle_bind(r, r.replace == '1') and A.tell == '1' then
  -- A yes on a page is told in the chat; a reply in the chat is its own answer.
  tell_bound(r)
end

-- What it has come to, just now or before.
local outcome = 'ended'
if r.status == 'bound' then outcome = 'bound' end
if r.status == 'conflict' then outcome = 'conflict' end
if r.status == 'approved' then outcome = 'approved' end
if r.status == 'unknown' then outcome = 'unknown' end
if r.status == 'declined' then outcome = 'declined' end
return answer(outcome, r)
