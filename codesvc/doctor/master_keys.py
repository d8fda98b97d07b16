"""Whether this configuration has the master keys that the running processes use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.doctor.finding import Finding, fail, ok

if TYPE_CHECKING:
    from codesvc.domain.keyring import Keyring
    from codesvc.store.store import Store

_WHAT = "master keys of running processes"


async def findings(keyring: Keyring, store: Store) -> list[Finding]:
    """A finding if any process runs on the store."""
    used = await store.master_keys.read()
    unknown = sorted(each for each in used if keyring.find(each) is None)
    if unknown:
        return [
            fail(
                _WHAT,
                f"{', '.join(unknown)} not in this configuration, whose own is {keyring.current.key_id}: "
                "processes with this configuration refuse the codes of those processes",
                "Compare sha256sum of the master key files of all machines. Keep a replaced key in "
                "secrets.previous_master_keys for a day.",
            )
        ]
    return [ok(_WHAT, "all in this configuration")] if used else []
