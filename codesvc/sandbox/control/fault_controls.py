"""The calls that change how the platform behaves: `/sandbox/faults`, `/sandbox/clock`, `/sandbox/settings`."""

from dataclasses import asdict
from typing import Any, Literal

import msgspec
from aiohttp import web

from codesvc.sandbox.browser.client import WeChatBrowser
from codesvc.sandbox.control.guard import Body, answer, read_json, replace_members
from codesvc.sandbox.courier import Courier
from codesvc.sandbox.fault import Fault, Kind
from codesvc.sandbox.platform import NotFound, Platform


class _Fault(Body):
    kind: Kind
    path: str = "*"
    account: str | None = None
    errcode: int = -1
    errmsg: str | None = None
    status: int | str = 503
    delay: float = 1.0
    when: Literal["before", "after"] | None = None
    times: int | None = None
    share: float = 1.0


class _Clock(Body):
    advance: float


class _Release(Body):
    approve: bool = True


class FaultControl:
    """Handlers for faults, the clock, settings and resets."""

    def __init__(self, platform: Platform, courier: Courier, browser: WeChatBrowser) -> None:
        self._platform = platform
        self._courier = courier
        self._browser = browser

    def routes(self) -> list[web.RouteDef]:
        """The routes."""
        return [
            web.get("/sandbox/faults", self.list_faults),
            web.post("/sandbox/faults", self.add_fault),
            web.delete("/sandbox/faults", self.clear_faults),
            web.delete("/sandbox/faults/{id:[0-9]{1,9}}", self.remove_fault),
            web.get("/sandbox/clock", self.show_clock),
            web.post("/sandbox/clock", self.advance_clock),
            web.get("/sandbox/settings", self.show_settings),
            web.patch("/sandbox/settings", self.change_settings),
            web.post("/sandbox/receipts/release", self.release_receipts),
            web.post("/sandbox/reviews/release", self.release_reviews),
            web.post("/sandbox/settle", self.settle),
            web.post("/sandbox/reset", self.reset),
        ]

    async def list_faults(self, _request: web.Request) -> web.Response:
        """The active faults, with how many calls matched (`seen`) and were hit (`hits`)."""
        return answer({"faults": [asdict(fault) for fault in self._platform.faults.list()]})

    async def add_fault(self, request: web.Request) -> web.Response:
        """Activate a fault.

        `revoke_token` without `times` and `share` revokes the tokens of one account or of all at once, and adds no
        fault.
        """
        body = await read_json(request, _Fault)
        accounts = self._platform.accounts
        hit = accounts.values() if body.account is None else [self._platform.account(body.account)]
        if body.kind == "revoke_token" and body.times is None and body.share == 1:
            revoked = sum(account.credentials.revoke(self._platform.clock.now()) for account in hit)
            return answer({"kind": body.kind, "revoked": revoked}, 201)
        fault = self._platform.faults.add(Fault(**msgspec.structs.asdict(body)))
        self._platform.event_bus.publish("fault", faults=len(self._platform.faults.list()))
        return answer(asdict(fault), 201)

    async def clear_faults(self, _request: web.Request) -> web.Response:
        """Remove all faults."""
        return self._removed(self._platform.faults.remove())

    async def remove_fault(self, request: web.Request) -> web.Response:
        """Remove one fault."""
        gone = self._platform.faults.remove(int(request.match_info["id"]))
        if not gone:
            raise NotFound("no such fault")
        return self._removed(gone)

    async def show_clock(self, _request: web.Request) -> web.Response:
        """The platform's time, and by how many seconds it is ahead of real time."""
        return answer({"now": self._platform.clock.now(), "advanced": self._platform.clock.advanced})

    async def advance_clock(self, request: web.Request) -> web.Response:
        """Advance the clock; messages whose review becomes due are approved."""
        body = await read_json(request, _Clock)
        self._platform.clock.advance(body.advance)
        self._platform.release_held()
        self._platform.event_bus.publish(
            "clock", now=self._platform.clock.now(), advanced=self._platform.clock.advanced
        )
        return await self.show_clock(request)

    async def show_settings(self, _request: web.Request) -> web.Response:
        """All settings."""
        return answer(asdict(self._platform.settings))

    async def change_settings(self, request: web.Request) -> web.Response:
        """Change some settings."""
        given = await read_json(request, dict[str, Any])
        self._platform.put_settings(replace_members(self._platform.settings, given))
        return answer(asdict(self._platform.settings))

    async def release_receipts(self, _request: web.Request) -> web.Response:
        """Deliver the receipts held by `receipt_hold`, and wait until they are delivered."""
        released = self._courier.release()
        await self._courier.settle()
        return answer({"released": released})

    async def release_reviews(self, request: web.Request) -> web.Response:
        """End every review: approved messages are shown, rejected ones are listed by queryblocktmplmsg."""
        body = await read_json(request, _Release)
        return answer({"released": self._platform.release_held(approve=body.approve, all_of_them=True)})

    async def settle(self, _request: web.Request) -> web.Response:
        """Wait until every background delivery has ended; held receipts stay held."""
        return answer({"delivered": await self._courier.settle(), "held": len(self._courier.held)})

    async def reset(self, _request: web.Request) -> web.Response:
        """Restore the initial state: only the default account, with its initial settings."""
        self._courier.clear()
        self._browser.clear()
        self._platform.reset()
        return answer({"ok": True})

    def _removed(self, count: int) -> web.Response:
        self._platform.event_bus.publish("fault", faults=len(self._platform.faults.list()))
        return answer({"removed": count})
