-- former_site: a name that is given to a new site brings nothing that was begun at the former one (decision 94). The
-- registration leaves its time (retire_site.lua). What began before it is as if it did not exist: verifications, intents,
-- tickets, messages, proofs, handles, Idempotency-Keys, and what relying parties got. Bindings and limits stay.

-- When the present site of this name was registered, false if that is longer ago than anything lives. Read once.
local registered_at = {}
local function time_of_registration(site)
  if registered_at[site] == nil then
    registered_at[site] = tonumber(redis.call('GET', key('site_since', site)) or nil) or false
  end
  return registered_at[site]
end

-- Whether what began `at` belongs to a former site. A time of registration that is later than now is from before the clock
-- was set back: the present site's own would count as former, so it says nothing until the clock is there again.
local function is_of_former_site(site, at)
  local since = time_of_registration(site)
  return since and since <= now and is_marked_since(since, tonumber(at) or 0)
end

-- What this Idempotency-Key led to at this site: the fingerprint, then these fields; empty if it is new here.
local function earlier_call(site, ...)
  if A.idem == '' then return {} end
  local known = redis.call('HMGET', K.idem, 'since', 'fingerprint', ...)
  local since = table.remove(known, 1)
  if not known[1] then return {} end
  if is_of_former_site(site, since) then
    redis.call('DEL', K.idem)
    return {}
  end
  return known
end
local function note_call(...)
  redis.call('HSET', K.idem, 'since', string.format('%.0f', now), 'fingerprint', A.fingerprint, ...)
end
