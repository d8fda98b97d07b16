-- Purpose: issue the tickets that a chat message or a menu key requests. To bind: one for each site where this WeChat
--   account may still be bound. To reset: one for each of its users, nine at most, which the sites have in turn. A
--   repeated callback returns the tickets of the first.
-- KEYS: keyword_window seen
-- ARGS: offset root account topic openid seed wish sites life tries keyword_rates
-- OUTCOMES: done limited absent same
-- USES: clock names former_site windows keyword_rates newcomers record
-- REPLY done: tickets
-- REPLY limited: limit wait_ms
--   tickets: id, site, user, display name, and so on; absent: nothing to reset; same: bound already wherever it could
--   bind

local MOST = 9
local listed = {}
local function list(id, site, user)
  local display = user ~= '' and redis.call('HGET', key('binding', site, user), 'display') or ''
  for _, text in ipairs({id, site, user, display}) do listed[#listed + 1] = text end
end

if not redis.call('SET', K.seen, '1', 'NX', 'PX', SEEN_KEPT) then
  for number = 1, MOST do
    local r = read_record(account_key('ticket', A.seed .. '-' .. number))
    if r then list(r.id, r.site, r.user) end
  end
  if #listed > 0 then return {'done', now, listed} end
end
-- Only sites whose own limit allows it issue tickets.
local sent, wait, allowed = keyword_window(K.keyword_window, A.keyword_rates), nil, {}
for site in string.gmatch(A.sites, '(%S+)/%d') do
  local theirs = keyword_wait(sent, A.keyword_rates, site)
  allowed[site] = theirs <= 0
  wait = math.min(wait or theirs, theirs)
end
wait = wait or guess_wait(sent, A.keyword_rates)
-- A new person leaves the window of keywords and a ticket for each site.
local _, sites = string.gsub(A.sites, '%S+', '')
if wait <= 0 and not is_kept(A.openid, A.sites) and not has_room(1 + math.min(sites, MOST)) then wait = until_room() end
if wait > 0 then return {'limited', now, 'openid_keywords', wait} end
count_event(sent)

local function issue(site, user)
  local id = A.seed .. '-' .. (#listed / 4 + 1)
  local r = {at = account_key('ticket', id)}
  write(r, {
    id = id, site = site, user = user, wish = A.wish, openid = A.openid, status = 'open', tries_left = A.tries,
    created = now, expires = now + A.life,
  })
  redis.call('PEXPIRE', r.at, tonumber(A.life) + KEPT_AFTER_END + TTL_MARGIN)
  list(id, site, user)
end

local wanted = {}
for site, many in string.gmatch(A.sites, '(%S+)/(%d)') do
  local users = allowed[site] and redis.call('SMEMBERS', key('owners', site, A.openid)) or {}
  table.sort(users)
  if A.wish == 'bind' then
    users = allowed[site] and #users < (many == '1' and MOST_USERS or 1) and {''} or {}
  end
  wanted[#wanted + 1] = {site = site, users = users, given = 0}
end
-- The links go round the sites: one that has bound many users to this WeChat account leaves the others theirs. Where more
-- sites than links have something to give, each request begins at another one, so that whoever asks again comes to all.
local turn = {}
for _, each in ipairs(wanted) do
  if #each.users > 0 then turn[#turn + 1] = each end
end
local first = #turn > MOST and tonumber(string.sub(redis.sha1hex(A.seed), 1, 6), 16) or 0
local given, before = 0, -1
while given < MOST and given > before do
  before = given
  for place = 1, #turn do
    local each = turn[(first + place - 1) % #turn + 1]
    if given < MOST and each.given < #each.users then
      each.given, given = each.given + 1, given + 1
    end
  end
end
for _, each in ipairs(wanted) do
  for place = 1, each.given do issue(each.site, each.users[place]) end
end
if #listed > 0 then return {'done', now, listed} end
if A.wish == 'bind' then return {'same', now} end
return {'absent', now}
