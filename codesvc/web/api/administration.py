"""The admin API: sites, accounts and keys, set up while the service runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from aiohttp import web

from codesvc.client import schema
from codesvc.config import ConfigError
from codesvc.domain.errors import Invalid
from codesvc.sites.registry.registry import ADMIN_KEY, RegistryBusy, WritesLimited
from codesvc.sites.registry.tables import Conflict, Described, Missing, UnreadableEntry
from codesvc.web.api import inputs
from codesvc.web.api.table_inputs import KeyInput
from codesvc.web.api.views import json_response, wire_time_or_none
from codesvc.web.authentication import CHALLENGE, admin_key, require_scope
from codesvc.web.context import services
from codesvc.web.problem import Problem, invalid, limited, unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from codesvc.config.settings import AdminScope
    from codesvc.service.registry_administration import RegistryAdministration
    from codesvc.sites.registry.tables import Entry

    _Handler = Callable[[web.Request], Awaitable[web.Response]]

routes = web.RouteTableDef()
_SCOPES: Final[Mapping[Entry, AdminScope]] = {"site": "sites", "account": "accounts"}
_LISTED: Final = 100
_MOST_LISTED: Final = 1000
_DEEPEST: Final = 16
"""Tables and lists in one another. Settings have six at most, and what judges them goes down with each."""


def admit(request: web.Request, scope: AdminScope) -> tuple[RegistryAdministration, str]:
    """The use cases, for a caller with an admin key of this scope, and the caller's name for the audit log.

    Raises:
        Problem: the key is missing, unknown (a site's key, for instance), or has not this scope.
    """
    here, key = services(request), admin_key(request)
    if key is None:
        raise Problem("unauthenticated", headers=CHALLENGE)
    require_scope(key, scope)
    return here.administration, f"{ADMIN_KEY}{key.name}"


def _pointer(path: tuple[str | int, ...]) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def as_problems(handler: _Handler) -> _Handler:
    """Turn the errors of these use cases into problems."""

    async def wrapped(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except ConfigError as error:
            faults = [{"pointer": _pointer(fault.path), "detail": fault.message} for fault in error.faults]
            raise Problem("invalid", str(error), errors=faults) from None
        except Missing as error:
            raise Problem("not-found", str(error)) from None
        except UnreadableEntry as error:
            raise Problem("unavailable", str(error), headers={"Retry-After": "2"}) from None
        except Conflict as error:
            raise Problem("registry-conflict", str(error)) from None
        except WritesLimited as error:
            raise limited(error.denial) from None
        except RegistryBusy:
            raise unavailable() from None

    wrapped.__doc__ = handler.__doc__
    return wrapped


def flag_of(request: web.Request, name: str) -> bool:
    """A flag that the query may hold and nothing else, false without it.

    Raises:
        Invalid: the query holds anything else.
    """
    given = request.query.get(name, "")
    if request.query.keys() - {name} or given not in {"", "true", "false"}:
        raise Invalid(f"the query accepts only {name}=true", "")
    return given == "true"


async def table_of(request: web.Request) -> dict[str, Any]:
    """The JSON object of the body; the rules of the configuration check its content later.

    Raises:
        Problem: the body is not a JSON object, or nested too deeply.
    """
    try:
        table = msgspec.json.decode(await request.read())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Problem("malformed") from None
    if not isinstance(table, dict):
        raise invalid(Invalid("must be an object", ""))
    if _nested_too_deeply(table):
        raise Problem("malformed")
    return table


def _nested_too_deeply(table: dict[str, Any]) -> bool:
    level: list[Any] = [table]
    for _ in range(_DEEPEST):
        inner = [value for each in level for value in (each.values() if isinstance(each, dict) else each)]
        level = [value for value in inner if isinstance(value, dict | list)]
    return bool(level)


def _page(request: web.Request, names: list[str]) -> tuple[list[str], str | None]:
    """The part of a list that `after` and `limit` ask for, and where the next begins."""
    query, limit = request.query, _LISTED
    if query.keys() - {"after", "limit"}:
        raise Invalid("the query accepts only after and limit", "")
    if "limit" in query:
        text = query["limit"]
        limit = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(_MOST_LISTED)) else 0
        if not 1 <= limit <= _MOST_LISTED:
            raise Invalid(f"limit must be 1 to {_MOST_LISTED}", "/limit")
    rest = sorted(name for name in names if name > query.get("after", ""))
    shown = rest[:limit]
    return shown, shown[-1] if len(rest) > limit else None


def _drawn(found: Described) -> schema.SettingsView:
    return schema.SettingsView(name=found.name, kept=found.kept, settings=found.table, secrets=list(found.secrets))


@routes.get("/admin/v1/sites")
@as_problems
async def list_sites(request: web.Request) -> web.Response:
    """The names of all sites."""
    admit(request, "read")
    names, after = _page(request, list(services(request).directory.sites))
    return json_response(schema.Names(names=names, next=after))


@routes.get("/admin/v1/accounts")
@as_problems
async def list_accounts(request: web.Request) -> web.Response:
    """The names of all accounts."""
    admit(request, "read")
    names, after = _page(request, list(services(request).directory.accounts))
    return json_response(schema.Names(names=names, next=after))


def _entry(request: web.Request) -> tuple[Entry, str]:
    """The kind and the name of the entry that the path names."""
    names = request.match_info
    return ("site", names["site"]) if "site" in names else ("account", names["account"])


@routes.get("/admin/v1/sites/{site}")
@routes.get("/admin/v1/accounts/{account}")
@as_problems
async def get_entry(request: web.Request) -> web.Response:
    """The settings of a site or an account, without secrets."""
    return json_response(_drawn(admit(request, "read")[0].read(*_entry(request))))


@routes.put("/admin/v1/sites/{site}")
@routes.put("/admin/v1/accounts/{account}")
@as_problems
async def put_entry(request: web.Request) -> web.Response:
    """Create a site or an account, or replace its settings."""
    kind, name = _entry(request)
    administration, by = admit(request, _SCOPES[kind])
    again = kind == "site" and flag_of(request, "again")
    new = await administration.put(kind, name, await table_of(request), by=by, again=again)
    return json_response(_drawn(administration.read(kind, name)), status=201 if new else 200)


@routes.patch("/admin/v1/sites/{site}")
@routes.patch("/admin/v1/accounts/{account}")
@as_problems
async def patch_entry(request: web.Request) -> web.Response:
    """Change some settings of a site or an account; secrets that are not named stay where their address does.

    The settings as they are now are for a key that may read them.
    """
    kind, name = _entry(request)
    administration, by = admit(request, _SCOPES[kind])
    await administration.patch(kind, name, await table_of(request), by=by)
    key = admin_key(request)
    may_read = key is not None and "read" in key.scopes
    return json_response(_drawn(administration.read(kind, name) if may_read else Described(name, "store", None)))


@routes.delete("/admin/v1/sites/{site}")
@routes.delete("/admin/v1/accounts/{account}")
@as_problems
async def delete_entry(request: web.Request) -> web.Response:
    """Remove a site with its keys, or an account that has no sites."""
    kind, name = _entry(request)
    administration, by = admit(request, _SCOPES[kind])
    await administration.remove(kind, name, by=by)
    return web.Response(status=204)


@routes.get("/admin/v1/sites/{site}/keys")
@as_problems
async def list_keys(request: web.Request) -> web.Response:
    """A site's keys, and when each was last used."""
    found = admit(request, "read")[0].keys(request.match_info["site"])
    used = await services(request).key_uses.last([key for key, _ in found])
    drawn = [
        schema.KeyView(
            name=key.name,
            scopes=sorted(key.scopes),
            kept=kept,
            last_used_at=wire_time_or_none(at),
        )
        for (key, kept), at in zip(found, used, strict=True)
    ]
    return json_response(schema.KeyViews(keys=drawn))


@routes.put("/admin/v1/sites/{site}/keys/{key}")
@as_problems
async def put_key(request: web.Request) -> web.Response:
    """Give a site another key."""
    (administration, by), names = admit(request, "keys"), request.match_info
    given, _ = await inputs.read(request, KeyInput)
    digest = given.hash if isinstance(given.hash, str) else None
    made = await administration.add_key(names["site"], names["key"], given.scopes, digest, by=by)
    document = schema.NewKey(name=names["key"], scopes=sorted(set(given.scopes)), key=made)
    return json_response(document, status=201)


@routes.delete("/admin/v1/sites/{site}/keys/{key}")
@as_problems
async def delete_key(request: web.Request) -> web.Response:
    """Take a key away."""
    (administration, by), names = admit(request, "keys"), request.match_info
    await administration.remove_key(names["site"], names["key"], by=by)
    return web.Response(status=204)
