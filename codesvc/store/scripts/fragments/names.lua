-- names: keys that depend on what a record says, spelt by the patterns of codesvc.store.keys.
-- They carry the partition's hash tag (it is in `root`), so they are legal in a cluster.
local function key(kind, ...) return A.root .. string.format(IN_PARTITION[kind], ...) end
local function account_key(kind, ...) return A.account .. string.format(IN_ACCOUNT[kind], ...) end
