"""The kinds of keys, each spelled once for Python and for Lua, and which of them have no TTL (`codesvc.store.keys`)."""

import re
from typing import Final

PERMANENT: Final = frozenset(
    {
        "binding",
        "owners",
        "union",
        "binding-account",
        "outbox",
        "gone",
        "unknown",
        "leavers",
        "webhook-sites",
        "oidc-first",
    }
    | {"webhook-state", "registry", "registry-log", "clock", "mark", "turns", "file-access"}
)
"""Kinds without a TTL. The outbox and the sites with webhooks to send are emptied by their workers. Whether an endpoint
is disabled stays until it is enabled again. Bindings with their two indexes and the appid that they belong to, and the
registry, are the operator's permanent data. An openid that WeChat does not know stays marked as long as it is bound.
The leavers and their bindings are deleted by `codesvc.service.followers` after `unfollow_retention`. For
people who have logged in to a relying party, the openid that their subject is derived from is kept. By the mark of a
partition a process notices that the data are gone, and by its turn that the latest writes are. Whom the
configuration file lets in is compared with the last time.
"""

IN_PARTITION: Final = {
    "record": "vf:%s",
    "live": "live:%s:%s:%s:%s",
    "lately": "user:%s:%s",
    "window": "window:%s:%s:%s",
    "binding": "binding:%s:%s",
    "owners": "owners:%s:%s",
    "union": "union:%s:%s",
    "binding_account": "binding-account",
    "history": "history:%s:%s",
    "evicted": "evicted:%s:%s",
    "site_since": "site-since:%s",
    "intent": "intent:%s",
    "notice": "notice:%s",
    "message": "message:%s",
    "sealed": "sealed:%s",
    "same_call": "same:%s:%s",
    "idempotency": "idem:%s:%s",
    "latest": "latest:%s",
    "batch": "batch:%s",
    "spent": "spent:%s",
    "oidc_code": "oidc-code:%s:%s",
    "oidc_token": "oidc-token:%s:%s",
    "outbox": "outbox",
    "asked_again": "asked-again:%s:%s",
    "known_places": "known-places:%s:%s",
    "webhook": "webhook:%s:%s",
    "webhook_log": "webhook-log:%s",
    "webhook_due": "webhook-due:%s",
    "webhook_done": "webhook-done:%s",
    "webhook_lane": "webhook-lane:%s",
    "webhook_state": "webhook-state:%s",
    "webhook_sites": "webhook-sites",
    "audit": "audit",
    "audit_of": "audit:%s",
    "audits": "audits",
    "minute": "minute:%s:%s",
    "hour": "hour:%s:%s",
    "episode": "episode:%s",
    "mark": "mark",
    "turns": "turns",
    "lost_writes": "lost-writes",
    "probe": "probe",
    "never": "never",
    "store_clock": "clock",
    "clock_offset": "test:offset",
    "uses": "uses",
    "master_keys": "master-keys",
    "registry": "registry",
    "registry_log": "registry-log",
    "signed_out": "signed-out:%s",
    "audit_filing": "audit-filing",
    "file_access": "file-access",
    "refused_callbacks": "refused-callbacks",
}
"""Patterns for `%` in both languages, after the partition's root: `store.script` puts them into Lua."""

IN_ACCOUNT: Final = {
    "gone": "gone:%s",
    "unknown": "unknown:%s",
    "muted": "muted:%s",
    "disowned": "disowned:%s",
    "recent": "recent:%s",
    "sent": "sent:%s",
    "spoke": "spoke:%s",
    "scene": "scene:%s",
    "openid_window": "window:%s:%s",
    "asked": "asked:%s",
    "moving": "moving:%s",
    "ticket": "ticket:%s",
    "awaiting": "awaiting:%s",
    "receipt": "receipt:%s",
    "oidc_first": "oidc-first:%s",
    "keyword": "word:%s",
    "pool": "pool",
    "pool_server": "pool-server",
    "visit": "visit:%s:%s",
    "login_code": "login-code:%s:%s",
    "leavers": "leavers",
    "newcomers": "newcomers:%s",
    "seen": "seen:%s",
    "token": "token:%s",
    "quota": "quota:%s:%d",
}
"""The patterns of kinds whose names are unique only inside one account."""

KINDS: Final = frozenset(
    {pattern.partition(":")[0] for table in (IN_PARTITION, IN_ACCOUNT) for pattern in table.values()}
    | {"long-window", "long-user", "long-recent"}
) - {IN_PARTITION["never"]}
"""Every kind of key that is ever written. `fragments/windows.lua` makes the long ones, beside a key with many times."""


_NAME: Final = re.compile(r"[A-Za-z0-9_-]+:\{p(\d\d)\}:(?:wx[0-9a-f]{16}:)?([a-z-]+)(?::|$)")


def place_of(name: str) -> tuple[int, str] | None:
    """The partition and the kind of a key, None if the key does not belong to this service."""
    found = _NAME.match(name)
    return (int(found[1]), found[2]) if found else None


_LIMITS_OF_USERS: Final = "(?:user_guesses|contact_pushes|contact_guesses)"
"""The limits whose windows are named by a user. Other windows are named by an address, a purpose or an API key, and a
user may have the same name as one of these. The recipient of a message is a user of an identity system."""


def names_of_user(site: str, user: str) -> re.Pattern[str]:
    """A pattern for the keys whose names end with a user. The user may contain colons; the parts before it may not."""
    here, whose, any_part = re.escape(site), re.escape(user), "[^:]*"
    patterns = [
        *(
            IN_PARTITION[kind] % (here, whose)
            for kind in ("binding", "history", "evicted", "lately", "asked_again", "known_places")
        ),
        IN_PARTITION["window"] % (_LIMITS_OF_USERS, here, whose),
        IN_PARTITION["live"] % (here, any_part, any_part, whose),
    ]
    return re.compile(rf"[A-Za-z0-9_-]+:\{{p\d\d\}}:(?:long-)?(?:{'|'.join(patterns)})")
