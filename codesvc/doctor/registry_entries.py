"""Whether every entry of the registry keeps the rules of today; what breaks one is not used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.doctor.finding import Finding, fail, ok

if TYPE_CHECKING:
    from codesvc.sites.directory import Directory

_WHAT: Final = "registry"
_REMEDY: Final = (
    "Nothing was deleted. Correct its settings: codesvc sites patch, accounts patch, keys remove, oidc put, "
    "or the admin API."
)


def findings(directory: Directory) -> list[Finding]:
    """A finding for each entry that breaks a rule, or one that says how many were judged."""
    names = list(directory.kept.texts)
    for name in names:
        directory.judge(name)
    broken = directory.judgement.broken
    if not broken:
        return [ok(_WHAT, f"{len(names)} entries are valid")] if names else []
    return [fail(f"{_WHAT}: {entry}", why.replace("\n", "; "), _REMEDY) for entry, why in broken.items()]
