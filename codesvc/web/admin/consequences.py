"""Which problem follows from which, so that an incident's cause stands first and its effects below it. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codesvc.web.admin.layout import Words
    from codesvc.web.admin.worries import Worry

_CAUSES: Final = {
    "missing": ("certificate",),
    "pool": ("token", "silent", "qrcode", "store"),
    "token": ("silent",),
    "expiring": ("token", "silent", "store"),
    "outbox": ("store", "token", "silent"),
    "endpoint": ("webhook_proxy",),
}
"""By kind of problem, what it may follow from, the likeliest first. `missing`: no callback arrives."""


def _what(worry: Worry) -> str:
    return "missing" if worry.callbacks == "missing" else worry.kind


def _cause(worry: Worry, found: Iterable[Worry]) -> Worry | None:
    """What a problem follows from; an account's problem does not follow from another account's."""
    urgent = [each for each in found if each.tone == "bad" and each is not worry]
    for kind in _CAUSES.get(_what(worry), ()):
        if kind == "silent" and worry.kind == "token" and not worry.unanswered:
            continue
        for each in urgent:
            if each.kind == kind and (not worry.account or each.account in {"", worry.account}):
                return each
    return None


def in_order(w: Words, found: Iterable[Worry]) -> list[Worry]:
    """The urgent problems first, and below each what follows from it, marked as that."""
    ranked = sorted(found, key=lambda worry: worry.tone != "bad")
    causes = {id(worry): _cause(worry, ranked) for worry in ranked}
    placed: list[Worry] = []

    def place(worry: Worry, cause: Worry | None) -> None:
        if cause is not None:
            hint = w.t("worry.stuck.follows" if worry.kind == "outbox" else "worry.follows.do")
            worry_below = replace(worry, cause=cause.text, hint=hint)
            placed.append(worry_below)
        else:
            placed.append(worry)
        for each in ranked:
            if causes[id(each)] is worry:
                place(each, worry)

    for worry in ranked:
        if causes[id(worry)] is None:
            place(worry, None)
    return placed
