"""Bindings straight into the store, as an import brings them: thousands a second, and WeChat is asked about nobody."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING

from codesvc.store.keys import Keys
from codesvc.store.script import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

APPID = "wx3f1c5a9e7b2d4860"
_ROWS = 200
SITE = "shop"
KEYS = Keys("cs", APPID)
_COMMON = {
    "root": KEYS.root,
    "account": KEYS.account,
    "appid": APPID,
    "topic": "cs:changed",
    "site": SITE,
    "offset": 0,
    "history_kept": 400 * 86_400_000,
    "audit_kept": 400 * 86_400_000,
    "audit_lines": 10_000,
    "tag_key": "0" * 64,
}


def command(name: str, keys: dict, args: dict) -> tuple:
    """The words of a script call; what is not given is as the service would have it, or empty."""
    script = load(name)
    known = _COMMON | args
    given = {key: keys.get(key, f"{KEYS.root}unused") for key in script.keys}
    packed = script.pack(given, {arg: known.get(arg, "") for arg in script.args})
    return ("EVALSHA", script.sha, len(script.keys), *packed)


def openid(number: int) -> str:
    return f"o{number:027}"


def imports(people: Iterable[tuple[str, str]]) -> Iterator[tuple]:
    """The commands that bind all these, (user, openid), many in one."""
    people = iter(people)
    while some := list(itertools.islice(people, _ROWS)):
        args = {"rows": json.dumps([(user, whom, "", "") for user, whom in some]), "many": 0, "dry": 0}
        yield command("import_bindings", {"outbox": f"{KEYS.root}bench-outbox"}, args)
