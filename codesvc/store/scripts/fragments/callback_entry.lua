-- callback_entry: what is kept of callbacks under a name in the hash `refused`, an empty table if nothing is.
local function entry(name)
  local known = redis.call('HGET', K.refused, name)
  return known and cjson.decode(known) or {}
end
