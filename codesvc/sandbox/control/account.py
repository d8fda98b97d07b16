"""`/sandbox/accounts`: official accounts and their developer settings."""

from dataclasses import asdict, replace
from typing import Any, Literal

import msgspec
from aiohttp import web

from codesvc.sandbox.account import DEFAULT_ACCOUNT, DEFAULT_TEMPLATES, AccountSpec
from codesvc.sandbox.account_state import Account
from codesvc.sandbox.control.guard import BadInput, Body, Conflict, answer, read_json, replace_members
from codesvc.sandbox.courier import Courier
from codesvc.sandbox.identifiers import (
    mint_aes_key,
    mint_appid,
    mint_callback_token,
    mint_original_id,
    mint_secret,
    profile_url,
)
from codesvc.sandbox.platform import Platform
from codesvc.sandbox.quota import Limit


class _Template(Body):
    banned: bool | None = None
    review: bool | None = None
    long_term: bool | None = None


class _Migration(Body, rename={"from_appid": "from"}):
    from_appid: str
    confirmed: bool = True
    named_by: Literal["appid", "original_id"] = "appid"


class _Quota(Body):
    path: str
    daily: int | None = None
    minute: int | None = None


class AccountControl:
    """Handlers for the official accounts."""

    def __init__(self, platform: Platform, courier: Courier) -> None:
        self._platform = platform
        self._courier = courier

    def routes(self) -> list[web.RouteDef]:
        """The routes."""
        return [
            web.get("/sandbox/accounts", self.list),
            web.post("/sandbox/accounts", self.create),
            web.get("/sandbox/accounts/{appid}", self.show),
            web.patch("/sandbox/accounts/{appid}", self.change),
            web.post("/sandbox/accounts/{appid}/verify-callback", self.verify),
            web.patch("/sandbox/accounts/{appid}/templates/{template_id}", self.change_template),
            web.put("/sandbox/accounts/{appid}/quotas", self.set_quota),
            web.post("/sandbox/accounts/{appid}/revoke-tokens", self.revoke),
            web.post("/sandbox/accounts/{appid}/migrate", self.migrate),
        ]

    async def list(self, _request: web.Request) -> web.Response:
        """All accounts, the default one first."""
        return answer({"accounts": [describe_account(account) for account in self._platform.accounts.values()]})

    async def create(self, request: web.Request) -> web.Response:
        """Create an account, or change the one with the given appid; 201 if it is new.

        A new account gets random values for the members that are not given.
        """
        given = await _read_object(request)
        if str(given.get("appid")) in self._platform.websites:
            raise Conflict("taken", "a website application has this appid")
        known = self._platform.accounts.get(str(given.get("appid")))
        base = known.spec if known else _random_spec()
        account = self._platform.put_account(_apply(base, given))
        return answer(describe_account(account), 200 if known else 201)

    async def show(self, request: web.Request) -> web.Response:
        """One account."""
        return answer(describe_account(self._account(request)))

    async def change(self, request: web.Request) -> web.Response:
        """Change some settings; the appid stays."""
        given, account = await _read_object(request), self._account(request)
        if given.get("appid", account.spec.appid) != account.spec.appid:
            raise BadInput("appid: cannot be changed")
        return answer(describe_account(self._platform.put_account(_apply(account.spec, given))))

    async def verify(self, request: web.Request) -> web.Response:
        """Verify the callback URL as WeChat's console does."""
        outcome = await self._courier.verify(self._account(request).spec)
        return answer({"ok": outcome.status == "success", **outcome.describe()})

    async def change_template(self, request: web.Request) -> web.Response:
        """Set `banned`, `review` or `long_term` of a template."""
        body = await read_json(request, _Template)
        changes = {name: value for name, value in msgspec.structs.asdict(body).items() if value is not None}
        account = self._account(request)
        return answer(asdict(self._platform.change_template(account, request.match_info["template_id"], **changes)))

    async def set_quota(self, request: web.Request) -> web.Response:
        """Set the limits of one API; null means no limit."""
        body = await read_json(request, _Quota)
        account = self._account(request)
        account.quotas.limits[body.path] = Limit(body.daily, body.minute)
        self._platform.event_bus.publish("quota", account=account.spec.appid, path=body.path)
        return answer(describe_quota(account, body.path, self._platform.clock.now()))

    async def revoke(self, request: web.Request) -> web.Response:
        """Revoke every token of the account."""
        return answer({"revoked": self._account(request).credentials.revoke(self._platform.clock.now())})

    async def migrate(self, request: web.Request) -> web.Response:
        """Migrate another account into this one; its followers come along."""
        body, account = await read_json(request, _Migration), self._account(request)
        old = self._platform.account(body.from_appid)
        if old is account:
            raise BadInput("from: must be another account")
        moved = self._platform.migrate(old, account, confirmed=body.confirmed, named_by=body.named_by)
        return answer({"from": old.spec.appid, "to": account.spec.appid, "followers": moved})

    def _account(self, request: web.Request) -> Account:
        return self._platform.account(request.match_info["appid"])


def describe_account(account: Account) -> dict[str, Any]:
    """An account with its settings, secrets included: the sandbox's secrets protect nothing."""
    templates = [asdict(template) for template in account.templates.values()]
    return {
        **asdict(account.spec),
        "verified": account.spec.kind.startswith("verified"),
        "profile_url": profile_url(account.spec.original_id),
        "templates": templates,
        "menu": account.menu,
    }


def describe_quota(account: Account, path: str, now: float) -> dict[str, Any]:
    """A quota counter with its limits, as JSON."""
    reading = account.quotas.read(path, now)
    return {
        "path": path,
        "used": reading.used,
        "daily": reading.limit.daily,
        "in_minute": reading.in_minute,
        "minute": reading.limit.minute,
    }


def _random_spec() -> AccountSpec:
    return replace(
        DEFAULT_ACCOUNT,
        appid=mint_appid(),
        secret=mint_secret(),
        original_id=mint_original_id(),
        name="另一个服务号",
        token=mint_callback_token(),
        aes_key=mint_aes_key(),
        templates=DEFAULT_TEMPLATES,
    )


async def _read_object(request: web.Request) -> dict[str, Any]:
    return await read_json(request, dict[str, Any])


def _with_kind(base: AccountSpec, given: dict[str, Any]) -> dict[str, Any]:
    """The members with one of today's kinds: `service` and the member `verified` were the words for it before."""
    kind, verified = given.get("kind", base.kind), given.get("verified")
    kind = "verified_service" if kind == "service" else kind
    if isinstance(verified, bool) and isinstance(kind, str) and kind != "test":
        kind = kind.removeprefix("un") if verified else f"un{kind.removeprefix('un')}"
    return {**{name: value for name, value in given.items() if name != "verified"}, "kind": kind}


def _apply(base: AccountSpec, given: dict[str, Any]) -> AccountSpec:
    return replace_members(base, _with_kind(base, given))
