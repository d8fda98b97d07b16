-- recipient_proof: how long a binding under a recipient's user id carries codes (decision 57). Carriers give numbers to other
-- people, and domains lapse: what is bound there says nothing for ever. The time of proof is `proved`, else the time of the
-- binding; '0' if nothing says it. A code that WeChat carried proves nothing: the former holder gets it, too.

-- Whether the user id stands for a phone number or an e-mail address, as codesvc.domain.recipient makes it.
local function is_recipient_id(user)
  local rest = string.match(user, '^ph_([a-z2-7]+)$') or string.match(user, '^em_([a-z2-7]+)$')
  return rest ~= nil and #rest == 24
end

-- Whether the proof is older than `life`, ms, so that another person may have the recipient by now.
local function is_unproved(user, proved, at, life)
  return is_recipient_id(user) and now >= (tonumber(proved or at) or 0) + life
end

-- The site has the recipient in hand and binds, or binds the same WeChat account again. An import says who is bound, and
-- a time if it knows one; not who has the recipient today.
local function note_recipient_proof(at, b, outcome)
  if not is_recipient_id(b.user) then return end
  if b.made_by ~= 'import' and outcome == 'same' then redis.call('HSET', at, 'proved', string.format('%.0f', now)) end
  if b.made_by == 'import' and outcome == 'bound' and not b.at then redis.call('HSET', at, 'proved', '0') end
end
