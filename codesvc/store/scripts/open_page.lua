-- Purpose: read a verification for its page, and for the calls that keep the page or a widget up to date. For
--   a site without addresses, note that the page was opened: then others do not supersede it for a while (decision 22).
-- KEYS: record
-- ARGS: offset root site
-- OUTCOMES: done absent
-- USES: clock names former_site record eviction
-- REPLY done: record _ _ new_steps

local r = read_record(K.record)
if not r or is_gone(r) or r.site ~= A.site then return {'absent', now} end
if r.address == '-' and r.opened ~= '1' and status_of(r) == 'pending' then write(r, {opened = '1'}) end
cancel_void_approval(r)
return answer('done', r)
