-- Purpose: whether a password of the operator pages may be tried: by the visitor (an address, or a browser that is
--   known), by the visitor's network, and by all strangers together. A try counts in all three, and in none if one of
--   them refuses it; '' means no limit. If the password was right, the visitor's try (the one `admitted` then, '' before)
--   is taken back, and no other: else an operator could try another's passwords without end, with their own in between.
-- KEYS: window network everybody
-- ARGS: offset rates network_rates everybody_rates admitted
-- OUTCOMES: done limited
-- USES: clock windows
-- REPLY limited: wait_ms

if A.admitted ~= '' then
  local tries = window(K.window, A.rates)
  if withdraw_event(tries, tonumber(A.admitted)) and tries.packed ~= LONG then
    redis.call('SET', K.window, tries.packed, 'KEEPTTL')
  end
  return {'done', now}
end
local tries = {
  window(K.window, A.rates), window(K.network, A.network_rates), window(K.everybody, A.everybody_rates),
}
local wait = 0
for _, each in ipairs(tries) do wait = math.max(wait, wait_for(each)) end
if wait > 0 then return {'limited', now, wait} end
for _, each in ipairs(tries) do count_event(each) end
return {'done', now}
