-- Purpose: whether a code of web authorisation may be exchanged at WeChat, which costs a call: for this browser and
--   subject, for the subject in all browsers, and for the address and the network that the browser comes from. A try
--   counts in all of them, and in none if one of them refuses it; `note_visit` takes it back from the address and the
--   network if WeChat knew the code. Whoever is known already needs no exchange; '' means no limit.
-- KEYS: visit by_browser by_subject
-- ARGS: offset root account browser_rates subject_rates address address_rates network network_rates intent
-- OUTCOMES: done same limited
-- USES: clock names former_site windows record visit_windows
-- REPLY done: lane
-- REPLY limited: wait_ms
--   same: the browser has proved for this subject who uses it; intent: the bind intent or login that it is about, '' for
--   a ticket or a message; lane: as in visit_windows.lua

local known = redis.call('HMGET', K.visit, 'until', 'since')
if known[1] and not is_over(known[2], known[1]) then return {'same', now} end
local lane = lane_of_visit(A.intent)
local of_address, of_network = visit_windows(lane)
local tries = {window(K.by_browser, A.browser_rates), window(K.by_subject, A.subject_rates), of_address, of_network}
local wait = 0
for _, each in ipairs(tries) do wait = math.max(wait, wait_for(each)) end
if wait > 0 then return {'limited', now, wait} end
for _, each in ipairs(tries) do count_event(each) end
return {'done', now, lane}
