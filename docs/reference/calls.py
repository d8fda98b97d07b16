"""Every call of the API, from its contract."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, Final

from codesvc.web.contract import OPERATIONS, describe
from codesvc.web.contract.operation import Access
from docs.reference.words import ROOT, anchor, pick, sentence, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesvc.web.contract.operation import Operation

_CHINESE: Final = tomllib.loads((ROOT / "codesvc" / "web" / "contract" / "chinese.toml").read_text(encoding="utf-8"))
_NEEDS: Final = {Access.ADMIN: "Needs an admin key", Access.EVENT_KEY: "Needs an event key of the account"}
_TABLES: Final = {
    "putSite": ("sites-name", "[sites.NAME]"),
    "putAccount": ("accounts-name", "[accounts.NAME]"),
    "putOidcClient": ("sites-name-oidc-clients", "[[sites.NAME.oidc.clients]]"),
}
"""Calls whose body is a table of the configuration: its place on that page, and its header."""
_CLIENT_IP: Final = "sites-client_ip"
_STARTS: Final = ("startVerification", "startBindIntent", "startLogin")
"""Calls that a site's `client_ip = "required"`, the default, refuses without a visitor's address."""


def api_calls(language: str) -> Iterator[str]:
    """The page of the calls: an index by subject, then each."""
    document = describe("")
    parts = [f"[{of_contract(tag['name'], language)}](#{anchor(tag['name'])})" for tag in document["tags"]]
    yield " · ".join(parts)
    for tag in document["tags"]:
        yield f"## {of_contract(tag['name'], language)} {{#{anchor(tag['name'])}}}"
        yield of_contract(tag["description"], language)
        for call in OPERATIONS:
            if call.tag == tag["name"] and call.method != "OPTIONS":
                yield from _call(call, document["components"]["schemas"], language)


def _call(call: Operation, schemas: dict[str, Any], language: str) -> Iterator[str]:
    yield f"### `{call.method} {call.path}` {{#{anchor(call.id)}}}"
    facts = [of_contract(_NEEDS[call.access], language)] if call.access in _NEEDS else []
    if call.scope:
        facts.append(f"{pick(language, '权限', 'Scope')} `{call.scope}`")
    if call.retry:
        facts.append("`Idempotency-Key`")
    text = sentence(of_contract(call.summary, language), language)
    if call.description:
        text += pick(language, "", " ") + of_contract(call.description, language)
    yield "  \n".join([text, *([" · ".join(facts)] if facts else [])])
    rows = [f"| `{name}` | {meaning} |" for name, meaning in _members(call, schemas, language)]
    if rows:
        head = f"| {of_contract('Member', language)} | {of_contract('Meaning', language)} |"
        yield "\n".join([head, "| --- | --- |", *rows])
    if call.id in _TABLES:
        place, header = _TABLES[call.id]
        link = f"[`{header}`](configuration.md#{place})"
        yield pick(language, f"其余字段是 {link} 的选项。", f"Further members: the options of {link}.")


def _members(call: Operation, schemas: dict[str, Any], language: str) -> Iterator[tuple[str, str]]:
    for each in call.parameters:
        if each.place == "query":
            yield each.name, of_contract(each.description, language)
    shape = schemas[call.body.shape.__name__] if call.body else {}
    for name, member in shape.get("properties", {}).items():
        must = pick(language, "**必填**：", "**required**: ") if name in shape.get("required", ()) else ""
        if name == "client_ip" and call.id in _STARTS:
            unless = f'[`client_ip = "none"`](configuration.md#{_CLIENT_IP})'
            must = pick(
                language, f"**必填**（网站设了 {unless} 除外）：", f"**required** (unless the site has {unless}): "
            )
        if "description" in member and not (call.id in _TABLES and member["description"].startswith("must be")):
            yield name, must + of_contract(member["description"], language)
        elif call.id not in _TABLES:
            yield name, must + told("api-members", name, language)


def of_contract(text: str, language: str) -> str:
    """A text of the contract, in a language (`codesvc/web/contract/chinese.toml`)."""
    return text if language == "en" else str(_CHINESE.get(text, text))
