"""Web authorisation (WECHAT.md 11): what to enter in WeChat's console, and what a person must test. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from codesvc.doctor.finding import Finding, skipped, warn
from codesvc.domain.service_address import ServiceAddress

if TYPE_CHECKING:
    from codesvc.config import Settings


def authorize_url(open_url: str, appid: str, redirect_uri: str) -> str:
    """The authorize address for WeChat's browser; the order of its parameters matters, and `state` may be left out."""
    return (
        f"{open_url}/connect/oauth2/authorize?appid={appid}&redirect_uri={quote(redirect_uri, safe='')}"
        "&response_type=code&scope=snsapi_base#wechat_redirect"
    )


def finding(settings: Settings, name: str) -> Finding:
    """One account's web-authorisation domain. Only a person who opens the address sees whether WeChat accepts it."""
    what = f"accounts.{name}: web-authorisation domain"
    account = settings.accounts[name]
    parts = urlsplit(settings.service.public_url)
    back = ServiceAddress(settings.service.public_url).url(f"/wechat/{name}/oauth")
    url = authorize_url(account.open_url, account.appid, back)
    if settings.mode == "live" and parts.port is not None:
        return warn(
            what,
            f"{parts.netloc}: WeChat accepts a host name only, without a port (error 10003)",
            "Use a service.public_url without a port.",
        )
    return skipped(
        what,
        f"needs a manual test: only WeChat's browser shows whether {parts.hostname} is accepted",
        f"Enter {parts.hostname} under 网页授权域名 in the console, then open this in WeChat: {url} "
        "(error 10003 means that the console has another domain).",
    )
