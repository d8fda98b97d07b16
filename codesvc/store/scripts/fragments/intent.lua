-- intent: the state of a bind intent or login, and its changes by the transition table. `r` is as in record.lua.
local INTENT_MOVES = {bi = BIND_MOVES, lg = LOGIN_MOVES}

local function intent_at(id) return key('intent', id) end

local function intent_status(r)
  if LIVE_INTENTS[r.status] and is_over(r.created, r.expires) then return 'expired' end
  return r.status
end

-- Whether it can be canceled: it is live, or it waits until the WeChat account that is bound agrees to the move.
local function is_stoppable(r)
  if LIVE_INTENTS[intent_status(r)] then return true end
  return r.status == 'conflict' and r.conflict == 'user' and not is_over(r.created, r.expires)
end

-- How long it can be read after its end.
local function intent_kept(r) return r.oidc and APP_LOGIN_KEPT or KEPT_AFTER_END end

local function intent_gone(r)
  if LIVE_INTENTS[intent_status(r)] then return false end
  return now >= tonumber(r.ended or r.expires) + intent_kept(r)
end

local function move_intent(r, status, changes)
  if not may_move(INTENT_MOVES[r.kind], r.status, status) then
    error('illegal intent transition ' .. r.status .. ' to ' .. status)
  end
  changes.status = status
  if not LIVE_INTENTS[status] then changes.ended = now end
  write(r, changes)
  wake(r)
end

-- A bind intent from before the loss of a binding of its user is canceled. A login that was approved as a user who has
-- lost the binding since reads as canceled, and so does every login whose WeChat account has said "not me" since; this is
-- not stored. To be called before an intent is used (eviction.lua, disowning.lua).
local function cancel_if_from_before(r)
  if r.kind == 'bi' and LIVE_INTENTS[intent_status(r)] and has_lost(r.site, r.user, r.created) then
    move_intent(r, 'canceled', {})
  elseif r.kind == 'lg' and (r.status == 'approved' or r.status == 'unknown') then
    local void = has_disowned(r.claimed_by, r.ended)
    if r.status == 'approved' and not void then
      local bound = redis.call('HGET', key('binding', r.site, r.user), 'openid')
      void = bound ~= r.claimed_by or has_lost(r.site, r.user, r.ended)
    end
    if void then
      r.status, r.user = 'canceled', ''
      r.packed = packed_of(r)
    end
  end
end
