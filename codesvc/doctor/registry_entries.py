"""Whether every entry of the registry keeps the rules of today and is used; what breaks one is not used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.doctor.finding import Finding, fail, ok, warn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codesvc.sites.directory import Directory

_WHAT: Final = "registry"
_REMEDY: Final = (
    "Nothing was deleted. Correct its settings: codesvc sites patch, accounts patch, keys remove, oidc put, "
    "or the admin API."
)
_WAITING: Final = "Remove them, unless that site comes back: codesvc keys remove, codesvc oidc remove."
_REPLACED: Final = (
    "Remove what the store has (codesvc sites remove, accounts remove), or give the file's another name. "
    "Until then keys and apps that were added to such a site are not used."
)
_SEALED: Final = (
    "Nothing was deleted. Put that key back (secrets.previous_master_keys). Only if it is gone for good, remove them "
    "and set them up anew: codesvc sites remove, accounts remove, keys remove, oidc remove; for oidc-keys/all, "
    "codesvc oidc rotate --new."
)
_MOST_SHOWN: Final = 5


def findings(directory: Directory) -> list[Finding]:
    """A finding for each entry that breaks a rule, and for those that are not used; or how many were judged."""
    names = list(directory.kept.texts)
    for name in names:
        directory.judge(name)
    found = [
        fail(f"{_WHAT}: {entry}", why.replace("\n", "; "), _REMEDY) for entry, why in directory.judgement.broken.items()
    ]
    if sealed := directory.kept.unreadable(names):
        found.append(fail(_WHAT, f"this configuration lacks the master key of {_shown(sealed)}: not used", _SEALED))
    if waiting := directory.without_site:
        found.append(warn(_WHAT, f"no site has {_shown(waiting)}; the file's next site of that name would", _WAITING))
    if replaced := directory.shadowed:
        found.append(warn(_WHAT, f"the configuration file replaces {_shown(replaced)}", _REPLACED))
    return found or ([ok(_WHAT, f"{len(names)} entries are valid")] if names else [])


def _shown(entries: Sequence[str]) -> str:
    more = f" and {len(entries) - _MOST_SHOWN} more" if len(entries) > _MOST_SHOWN else ""
    return f"{', '.join(entries[:_MOST_SHOWN])}{more}"
