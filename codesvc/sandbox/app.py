"""The composition root: state, courier, API table, pages and control calls in one aiohttp application.

One server answers for api., mp. and open.weixin.qq.com. This works because their paths do not overlap.
"""

from collections.abc import AsyncIterator

from aiohttp import web

from codesvc.sandbox.api.frame import ApiServer
from codesvc.sandbox.api.table import ENDPOINTS
from codesvc.sandbox.browser.authorize import ConsentFlow
from codesvc.sandbox.browser.client import WeChatBrowser
from codesvc.sandbox.browser.page import Pages
from codesvc.sandbox.browser.website_login import WebsiteLoginPages
from codesvc.sandbox.control.account import AccountControl
from codesvc.sandbox.control.console import ConsoleControl
from codesvc.sandbox.control.fault_controls import FaultControl
from codesvc.sandbox.control.guard import PLATFORM, make_guard
from codesvc.sandbox.control.people import PeopleControl
from codesvc.sandbox.control.phone import PhoneControl
from codesvc.sandbox.control.website import WebsiteControl
from codesvc.sandbox.courier import Courier
from codesvc.sandbox.media import MOST_BYTES
from codesvc.sandbox.page import PhonePage
from codesvc.sandbox.platform import Platform

_FORM_BYTES = 2**20  # for the parts of a form beside a file
_ANY_OTHER = "/{rest:(?!sandbox(?:/|$)|static/|favicon|robots|apple-touch|[.]well-known/|$).*}"
"""Every path but the sandbox's own and those for which browsers ask by themselves."""


def create_app(platform: Platform, *, token: str | None = None) -> web.Application:
    """Build the sandbox's application.

    Args:
        platform: the state; it may be read and changed from the same event loop.
        token: the bearer token that control calls need; None: no token, for loopback only.
    """
    app = web.Application(middlewares=[make_guard(token)], client_max_size=MOST_BYTES + _FORM_BYTES)
    app[PLATFORM] = platform
    courier = Courier(platform)
    consent_flow = ConsentFlow(platform)
    browser = WeChatBrowser(consent_flow)
    logins = WebsiteLoginPages(platform)
    frame = ApiServer(platform, courier)
    app.add_routes(Pages(platform, consent_flow).routes())
    app.add_routes(AccountControl(platform, courier).routes())
    app.add_routes(logins.routes())
    app.add_routes(PeopleControl(platform, courier, logins).routes())
    app.add_routes(WebsiteControl(platform).routes())
    app.add_routes(PhoneControl(platform, courier, browser).routes())
    app.add_routes(FaultControl(platform, courier, browser).routes())
    app.add_routes(ConsoleControl(platform, courier, token).routes())
    app.add_routes(PhonePage().routes())
    for endpoint in ENDPOINTS:
        app.router.add_route("*", endpoint.path, frame.handler(endpoint))
    app.router.add_route("*", _ANY_OTHER, frame.handle_unknown)

    async def run_courier(_app: web.Application) -> AsyncIterator[None]:
        platform.event_bus.open()
        yield
        await courier.close()

    async def end_streams(_app: web.Application) -> None:
        platform.event_bus.close()

    app.cleanup_ctx.append(run_courier)
    app.on_shutdown.append(end_streams)
    return app
