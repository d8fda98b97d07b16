-- contact: the last resort of a verification. Where its start names a phone number or an e-mail address, it also makes a
-- message (codesvc.domain.message) for the site's own gateway. What is sealed there is the recipient alone: the code is
-- derived when the message is written. `r.contact` is the message's id, and `r.gateway` says where it stands: waiting;
-- unused, if no gateway is called any more; handing_over, handed_over, unknown or failed as the message. `r.handed_for` is
-- why it was used or why it failed, and `r.handed_number` which delivery it replaced.

-- Whether the gateway has the code, may have it or will get it, so that no failure of WeChat's is the end.
local function by_gateway(r) return r.gateway and r.gateway ~= 'unused' and r.gateway ~= 'failed' end

-- Whether a code may have been given to the gateway.
local function is_handed(r) return by_gateway(r) and r.gateway ~= 'waiting' end

-- Whether a WeChat account may have the code: it claimed, a message is under way, or WeChat took one and did not fail later
-- (delivery.lua). With the gateway as well nobody can tell which of the two was read.
local function is_in_wechat(r) return r.claimed_by or r.begun == '1' or r.taken end

-- The gateway is not needed. The sealed content is deleted at once; the job ends the message. To be called before the record
-- is written.
local function close_contact(r)
  if r.gateway ~= 'waiting' then return end
  r.gateway = 'unused'
  redis.call('DEL', key('sealed', r.contact))
end

-- Have the gateway used now, by a job of its own, whose number replaces that of the job that waits.
local function hasten_gateway(r, changes)
  if r.gateway ~= 'waiting' then return end
  local m = read_record(key('message', r.contact))
  if not m or m.status ~= 'accepted' then return end
  changes.number = tostring(m.number + 1)
  write(m, changes)
  redis.call('XADD', K.outbox, '*', 'kind', 'message', 'id', m.id, 'number', m.number, 'account', A.appid, 'site', m.site)
end
