-- admission: checks before every start: was it answered before (Idempotency-Key), and do the limits of the site and of
-- the address, and the share of its network, allow it. `refusal` returns the answer that replaces a start, or nil.
-- `starts_left` returns what remains of both limits: the site's rates, a comma, the address's rates.
-- The fragment opens both windows where it is included, so a script that uses it has their keys and arguments.
-- `place_of` makes the key of the record that an id names; `gone` says whether a record is no longer kept.
local of_site = window(K.site_starts, A.site_starts)
local of_address = window(K.address_starts, A.address ~= '-' and A.address_starts or '')
local shares = open_shares(of_site, A.site_starts, A.address)
local function starts_left() return left_of_both(of_site, of_address) end

local function refusal(place_of, gone)
  local known = earlier_call(A.site, 'id')
  if known[1] and known[1] ~= A.fingerprint then return {'mismatch', now} end
  if known[1] then
    local repeated = read_record(place_of(known[2]))
    if repeated and not gone(repeated) then return answer('repeated', repeated, 0, starts_left()) end
    return {'absent', now}
  end
  local wait = wait_for(of_site)
  if wait > 0 then return {'limited', now, 'site_starts', wait} end
  wait = wait_for(of_address)
  if wait > 0 then return {'limited', now, 'address_starts', wait} end
  for _, share in ipairs(shares) do
    wait = wait_for_share(of_site, share)
    if wait > 0 then return {'limited', now, 'network_share', wait} end
  end
  return nil
end

local function count_start()
  count_event(of_site)
  count_event(of_address)
  for _, share in ipairs(shares) do count_event(share.used) end
end

local function remember_start(id)
  if A.idem == '' then return end
  note_call('id', id)
  redis.call('PEXPIRE', K.idem, 86400000)
end
