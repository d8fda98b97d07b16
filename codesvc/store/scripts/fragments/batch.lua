-- batch: several acts of one kind in one call, given as lists of arguments. Each act is independent: one that fails is
-- answered with 'again', and the caller repeats it alone, so that its error is the error of that call.
local function each(lists, act)
  local answers = {}
  if #lists == 1 then return {act(unpack(lists[1]))} end
  for i = 1, #lists do
    local fine, answer = pcall(act, unpack(lists[i]))
    answers[i] = fine and answer or 'again'
  end
  return answers
end

-- Acknowledge these jobs of the outbox and remove them.
local function acknowledge(entries)
  if #entries == 0 then return end
  redis.call('XACK', K.outbox, A.group, unpack(entries))
  redis.call('XDEL', K.outbox, unpack(entries))
end
