-- names: keys that depend on values of a record, made by the patterns of codesvc.store.keys.
-- They contain the partition's hash tag (it is in `root`), so they are legal in a cluster.
local function key(kind, ...) return A.root .. string.format(IN_PARTITION[kind], ...) end
-- The id of a verification begins with `vf_`, its key with `vf:`; the key does not repeat the prefix.
local function record_at(id) return key('record', string.sub(id, 4)) end
local function account_key(kind, ...) return A.account .. string.format(IN_ACCOUNT[kind], ...) end
-- Test identities (codesvc.domain.test_identity): their verification ids and openids have a prefix.
local function is_test(r) return string.sub(r.id, 1, #TEST_ID) == TEST_ID end
local function is_test_openid(openid) return string.sub(openid, 1, #TEST_OPENID) == TEST_OPENID end
