"""WeChat's browser: opens a link as a given person, with WeChat's user agent and a cookie jar for each person.

Links to the platform's own pages are answered without HTTP, so that `https://open.weixin.qq.com/…` works without DNS
and TLS.
"""

from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

import aiohttp
from yarl import URL

from codesvc.sandbox.account import check_http_url
from codesvc.sandbox.browser.authorize import ConsentFlow, ConsentPrompt, Decision, Redirect
from codesvc.sandbox.browser.page import render
from codesvc.sandbox.person import Person
from codesvc.sandbox.request_body import read_at_most

AGENT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
    "MicroMessenger/8.0.50(0x18003229) NetType/WIFI Language/{language}"
)
_LANGUAGES = {"zh": ("zh_CN", "zh-CN,zh;q=0.9"), "en": ("en", "en-US,en;q=0.9")}
"""The phone's language in the user agent, and as Accept-Language."""
_OWN_HOSTS = frozenset({"open.weixin.qq.com", "mp.weixin.qq.com"})
_MAX_HOPS = 10
_SHOWN = 200_000  # characters
_READ = 4 * _SHOWN  # bytes
_TIMEOUT = aiohttp.ClientTimeout(total=30)


@dataclass
class PageView:
    """The page on which a link ended.

    Attributes:
        hops: every address that was requested, with its status.
        outcome: `page`, `asked` (a consent page waits for an answer), `unreachable`, `too_many_redirects`,
            `no_fragment`.
    """

    url: str
    outcome: Literal["page", "asked", "unreachable", "too_many_redirects", "no_fragment"] = "page"
    status: int | None = None
    content_type: str | None = None
    body: str = ""
    hops: list[dict[str, Any]] = field(default_factory=list)


class WeChatBrowser:
    """One browser for all people; every person has their own cookies."""

    def __init__(self, consent_flow: ConsentFlow) -> None:
        self._consent_flow = consent_flow
        self._jars: dict[str, aiohttp.CookieJar] = {}

    def clear(self) -> None:
        """Remove all cookies and all open questions; used by a reset."""
        self._jars.clear()
        self._consent_flow.clear()

    async def open(
        self,
        url: str,
        person: Person,
        *,
        own: str,
        from_chat: bool,
        consent: Literal["allow", "deny"] | None,
        form: dict[str, str] | None = None,
        language: Literal["zh", "en"] = "zh",
    ) -> PageView:
        """Open a link and follow it to its end.

        Args:
            url: absolute, http or https.
            person: the person who taps the link.
            own: the sandbox's own `host:port`; its pages are answered without HTTP too.
            from_chat: whether the link was tapped in the account's chat or menu.
            consent: the answer to a consent page; None leaves it unanswered.
            form: the fields of a POST; None sends a GET.
            language: the language of the person's phone.
        """
        jar = self._jars.setdefault(person.name, aiohttp.CookieJar(unsafe=True))
        view = PageView(url)
        named, accepted = _LANGUAGES[language]
        headers = {"User-Agent": AGENT.format(language=named), "Accept-Language": accepted}
        async with aiohttp.ClientSession(cookie_jar=jar, headers=headers, timeout=_TIMEOUT) as session:
            for _ in range(_MAX_HOPS):
                decision = self._decide(view, own, person, from_chat=from_chat, consent=consent)
                if decision is not None:
                    location = _step(view, decision)
                else:
                    location = await self._fetch(session, view, form)
                    form = None
                if location is None:
                    return view
                try:
                    view.url = urljoin(view.url, location)
                    check_http_url(view.url)
                except ValueError:  # the Location is not a usable URL
                    view.outcome = "unreachable"
                    return view
        view.outcome = "too_many_redirects"
        return view

    def _decide(
        self, view: PageView, own: str, person: Person, *, from_chat: bool, consent: Literal["allow", "deny"] | None
    ) -> Decision | None:
        parts = urlsplit(view.url)
        if parts.hostname not in _OWN_HOSTS and parts.netloc != own:
            return None
        if parts.path == "/connect/oauth2/authorize":
            if parts.fragment != "wechat_redirect":
                view.outcome = "no_fragment"
            decision = self._consent_flow.authorize(parts.query, person, from_chat=from_chat)
        elif parts.path == "/mp/subscribemsg":
            decision = self._consent_flow.subscribe(parts.query, person)
        else:
            return None
        if isinstance(decision, ConsentPrompt) and consent is not None:
            return self._consent_flow.answer_prompt(decision.ticket, allow=consent == "allow")
        return decision

    async def _fetch(self, session: aiohttp.ClientSession, view: PageView, form: dict[str, str] | None) -> str | None:
        method = "GET" if form is None else "POST"
        try:
            async with session.request(method, URL(view.url), data=form, allow_redirects=False) as response:
                view.status, view.content_type = response.status, response.content_type
                view.hops.append({"url": view.url, "status": response.status})
                if response.status in {301, 302, 303, 307, 308} and "Location" in response.headers:
                    return response.headers["Location"]
                view.body = _decode(await read_at_most(response.content, _READ), response.charset)[:_SHOWN]
        except (aiohttp.ClientError, OSError, ValueError):
            view.outcome = "unreachable"
        return None


def _step(view: PageView, decision: Decision) -> str | None:
    if view.outcome == "no_fragment":
        view.status, view.body = 200, "链接缺少 #wechat_redirect"
        return None
    if isinstance(decision, Redirect):
        view.hops.append({"url": view.url, "status": 302})
        return decision.url
    view.hops.append({"url": view.url, "status": 200})
    view.status, view.content_type, view.body = 200, "text/html", render(decision)
    view.outcome = "asked" if isinstance(decision, ConsentPrompt) else "page"
    return None


def _decode(body: bytes, charset: str | None) -> str:
    try:
        return body.decode(charset or "utf-8", "replace")
    except LookupError:
        return body.decode("utf-8", "replace")
