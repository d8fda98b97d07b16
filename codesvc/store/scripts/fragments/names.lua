-- names: keys that depend on values of a record. The loader puts the pattern of codesvc.store.key_patterns in the place of
-- `key('history', site, user)` and `account_key('gone', openid)`, so the kind stands there as a word.
-- The keys contain the partition's hash tag, which is in `root`, so they are legal in a cluster.
-- The id of a verification begins with `vf_`, its key with `vf:`; the key does not repeat the prefix.
local function record_at(id) return key('record', string.sub(id, 4)) end
-- Test identities (codesvc.domain.test_identity): their verification ids and openids have a prefix.
local function is_test(r) return string.sub(r.id, 1, #TEST_ID) == TEST_ID end
local function is_test_openid(openid) return string.sub(openid, 1, #TEST_OPENID) == TEST_OPENID end
