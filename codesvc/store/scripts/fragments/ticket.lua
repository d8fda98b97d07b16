-- ticket: reading a ticket, and its changes by the transition table (codesvc.domain.ticket).

-- An open ticket of a WeChat account that has said "not me" since reads as dead. This is not stored.
local function read_ticket(at)
  local r = read_record(at)
  if not r or now >= tonumber(r.expires) + KEPT_AFTER_END then return nil end
  if r.status == 'open' and has_disowned(r.openid, r.created) then
    r.status = 'dead'
    r.packed = packed_of(r)
  end
  return r
end

local function is_good(r) return r.status == 'open' and not is_over(r.created, r.expires) end

local function move_ticket(r, status, changes)
  if not may_move(TICKET_MOVES, r.status, status) then error('illegal ticket transition ' .. r.status .. ' to ' .. status) end
  changes.status = status
  write(r, changes)
  wake(r)
end
