-- batch: acts of one kind in one call, given as lists of what each takes. Each act is for itself: one that fails is answered
-- with 'again', and whoever asked repeats it alone, where the error is the call's own.
local function each(lists, act)
  local answers = {}
  if #lists == 1 then return {act(unpack(lists[1]))} end
  for i = 1, #lists do
    local fine, answer = pcall(act, unpack(lists[i]))
    answers[i] = fine and answer or 'again'
  end
  return answers
end

-- These jobs of the outbox are done.
local function acknowledge(entries)
  if #entries == 0 then return end
  redis.call('XACK', K.outbox, A.group, unpack(entries))
  redis.call('XDEL', K.outbox, unpack(entries))
end
