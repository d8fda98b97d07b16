-- unsigned: bounds the keys that events without a signature write (DESIGN rule 9). A person who saw one plaintext callback can
-- sign any body for some minutes. K.unsigned counts such writes of an account; A.unsigned_rates is '' for signed events.
local function may_write()
  local writes = window(K.unsigned, A.unsigned_rates)
  if wait_for(writes) > 0 then return false end
  count_event(writes)
  return true
end
