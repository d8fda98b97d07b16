"""Website applications of the open platform: login by QR code on a page at the desk (`/connect/qrconnect`).

A website application has an appid and a secret of its own and no callback. The page shows a QR code; the person scans
it and confirms on the phone, and the page, which asks `/connect/l/qrconnect` again and again, leads the browser back
with a code. WECHAT.md does not cover it; the rules are those of the official page of website login, and
the page's requests are those of field reports.
"""

from dataclasses import dataclass, field
from typing import Literal

from codesvc.sandbox.account import check_forms
from codesvc.sandbox.identifiers import mint_website_uuid

CONFIRM_URL = "https://open.weixin.qq.com/connect/confirm?uuid="
CODE_LIFE = 600
_PAGE_LIFE = 300
_MOST = 1_000
LoginState = Literal["waiting", "scanned", "confirmed", "denied"]


@dataclass(frozen=True, kw_only=True)
class WebsiteSpec:
    """A website application.

    Attributes:
        appid: `wx` and 16 hex digits.
        name: the name that people see.
        owner: accounts and websites with the same owner see the same unionid for a person.
        domain: the host, with the port if there is one, to which the page may lead back. None allows every host, which
            the real WeChat never does.
    """

    appid: str
    secret: str
    name: str
    owner: str = "owner"
    domain: str | None = None

    def __post_init__(self) -> None:
        check_forms(self, "appid", "secret")


DEFAULT_WEBSITE = WebsiteSpec(
    appid="wx7d2e9b4c1a6f8035",
    secret="9b74c9897bac770ffc029102a200c5de",  # noqa: S106 - invented and documented
    name="示例网站",
)


@dataclass
class WebsiteLogin:
    """One page that waits for a scan."""

    uuid: str
    appid: str
    target: str
    state: str
    expires_at: float
    status: LoginState = "waiting"
    code: str = ""


@dataclass
class WebsiteLogins:
    """The open pages of all website applications."""

    _pages: dict[str, WebsiteLogin] = field(default_factory=dict)

    def open(self, appid: str, target: str, state: str, now: float) -> WebsiteLogin:
        """A new page; of very many the oldest is forgotten."""
        page = WebsiteLogin(mint_website_uuid(), appid, target, state, now + _PAGE_LIFE)
        self._pages[page.uuid] = page
        if len(self._pages) > _MOST:
            del self._pages[next(iter(self._pages))]
        return page

    def find(self, uuid: str, now: float) -> WebsiteLogin | None:
        """The page with this uuid, unless it is unknown or older than five minutes."""
        page = self._pages.get(uuid)
        return page if page is not None and page.expires_at > now else None

    def by_text(self, text: str, now: float) -> WebsiteLogin | None:
        """The page whose QR code says this text."""
        return self.find(text.strip().removeprefix(CONFIRM_URL), now) if text.strip().startswith(CONFIRM_URL) else None
