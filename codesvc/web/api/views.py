"""Builds the API's answers about verifications and bindings, as the published types (`codesvc.client.schema`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from codesvc.client import schema
from codesvc.domain import codes
from codesvc.domain.channels import Channel
from codesvc.domain.clock import rfc3339
from codesvc.domain.page_token import PageSubject
from codesvc.domain.recipient import is_recipient_id
from codesvc.domain.return_key import is_right
from codesvc.domain.service_address import ServiceAddress
from codesvc.domain.test_identity import is_test_openid
from codesvc.domain.verification import DeliveryStatus, ScanPolicy, Status
from codesvc.web.brand import brand_of
from codesvc.web.headers import uncached_headers
from codesvc.web.short_response import ShortResponse
from codesvc.web.uris import origin_of, with_parameters

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from aiohttp import web

    from codesvc.config import Purpose
    from codesvc.domain.binding import BindingChange
    from codesvc.domain.page_token import PageTokens
    from codesvc.domain.proof import Proofs
    from codesvc.domain.record import Record
    from codesvc.sites.directory import Directory, SiteEntry
    from codesvc.store.replies import Binding


ABSENT: Final[Any] = msgspec.UNSET
"""The value of a member that an answer leaves out."""
_JSON: Final = uncached_headers("application/json")


wire_time: Final = cast("Callable[[int], datetime]", rfc3339)
"""A published time, from ms since 1970.

It makes the text that is sent, always with milliseconds. A client reads that as the datetime of the type.
"""


def wire_time_or_none(ms: int | None) -> datetime | None:
    """As `wire_time`; None stays None."""
    return None if ms is None else wire_time(ms)


def json_response(document: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """A JSON answer that must not be cached."""
    response = ShortResponse(body=msgspec.json.encode(document), status=status, headers=_JSON)
    if headers:
        response.headers.update(headers)
    return response


def scan_code(url: str, scan: schema.Scan, expires_at: datetime) -> schema.ScanCode:
    """The API's answer about a QR code that the site draws itself."""
    return schema.ScanCode(url=url, image_url=scan.image_url, keyword=scan.keyword, expires_at=expires_at)


class Views:
    """Builds the API's answers about verifications.

    Args:
        directory: the sites; their accounts decide what a page's picture shows.
    """

    def __init__(self, public_url: str, pages: PageTokens, proofs: Proofs, directory: Directory) -> None:
        self._directory = directory
        self._address = ServiceAddress(public_url)
        self._pages = pages
        self._proofs = proofs

    def page_token(self, record: Record) -> str:
        """The token that lets a browser act on this verification."""
        return self._pages.sign(PageSubject(record.site, record.id))

    def page_url(self, record: Record) -> str:
        """The address of the hosted page."""
        return self._address.url(f"/p/{self.page_token(record)}")

    def page_path(self, record: Record) -> str:
        """The path of the hosted page, for the page itself."""
        return self._address.path(f"/p/{self.page_token(record)}")

    def verification(self, record: Record, *, proof: str = ABSENT) -> schema.Verification:
        """The API's answer about a verification."""
        token = self.page_token(record)
        page_url = self._address.url(f"/p/{token}")
        return schema.Verification(
            id=record.id,
            purpose=record.purpose,
            user=record.user,
            status=record.status.value,
            reference=codes.reference(record.id),
            test=record.test,
            created_at=wire_time(record.created),
            expires_at=wire_time(record.expires),
            resend_at=wire_time(record.resend_at),
            approved_at=wire_time(record.approved) if record.approved else None,
            attempts_left=record.attempts_left,
            metadata=record.fixed.metadata,
            delivery=self._delivery(record),
            scan=self._scan(record, page_url),
            page_url=page_url,
            page_token=token,
            predecessor=record.predecessor,
            successor=record.successor,
            proof=proof,
        )

    def verification_with_proof(self, record: Record, return_key: str = "") -> schema.Verification:
        """As `verification`, with the proof as long as one is issued, and if it takes a return key, for that key."""
        given = record.proof_available and (not record.return_hash or is_right(return_key, record.return_hash))
        return self.verification(record, proof=self._proofs.mint(record) if given else ABSENT)

    def page(self, record: Record, site: SiteEntry, locale: str, *, return_key: str = "") -> schema.VerificationPage:
        """The data that a page token may read: no user, no proof, no metadata.

        `return_key`: what the browser that finished it brings to the site.
        """
        policy = site.purpose(record.purpose)
        approved = record.status is Status.APPROVED
        return schema.VerificationPage(
            status=record.status.value,
            reference=codes.reference(record.id),
            test=record.test,
            site=site.config.name.spoken(locale),
            account=site.account.config.name,
            purpose=policy.name.spoken(locale) if policy else record.purpose,
            now=wire_time(record.now),
            expires_at=wire_time(record.expires),
            resend_at=wire_time(record.resend_at),
            attempts_left=record.attempts_left,
            code_length=_length(record),
            code_digits=_only_digits(record),
            delivery=_BY_SCAN if _only_by_scan(record, site, policy) else self._delivery(record),
            scan=self._scan(record, self.page_url(record)),
            return_to=self.return_to(record, return_key) if approved else None,
            renew=_renewal(record),
            by_keyword=site.account.by_keyword,
            brand=brand_of(site, self._address),
        )

    def return_to(self, record: Record, return_key: str = "") -> str | None:
        """The address to which the browser returns. The site compares its id with the one in its own session."""
        site, url = self._directory.sites[record.site], record.fixed.return_url
        more = {"return_key": return_key} if return_key else {}
        return return_address(site, url, "verification", record.id, record.predecessor, **more)

    @staticmethod
    def _delivery(record: Record) -> schema.Delivery:
        view = record.delivery_view
        return schema.Delivery(channel=str(view.channel), status=str(view.status), reason=view.reason)

    def _scan(self, record: Record, page_url: str) -> schema.Scan | None:
        return scan_of(self._directory.sites[record.site], page_url, record.keyword) if record.scannable else None


_BY_SCAN: Final = schema.Delivery(
    channel=Channel.SCAN.value, status=DeliveryStatus.AWAITING_SCAN.value, reason="no-channel"
)


def _only_by_scan(record: Record, site: SiteEntry, policy: Purpose | None) -> bool:
    """Whether a page that may not tell of a binding can say that the person has to act: nothing is pushed to anybody.

    It does not depend on the user, so it tells nothing of them. Where the start named a contact, a code may come by it.
    """
    pending = record.status is Status.PENDING and record.scan is not ScanPolicy.OFF and not record.gateway
    return pending and not record.disclosed and policy is not None and not site.channels(policy)


def scan_of(site: SiteEntry, page_url: str, keyword: str) -> schema.Scan:
    """How a scan or the keyword goes on, for the API and for pages."""
    return schema.Scan(image_url=f"{page_url}/qr.svg", keyword=keyword, picture=site.account.picture)


def return_address(
    site: SiteEntry, url: str | None, parameter: str, identifier: str, predecessor: str | None, **more: str
) -> str | None:
    """Where the browser returns to: with the id that the site started and its session knows, and with its successor.

    None also if the site has that origin no more: somebody else may have it now.
    """
    if url is None or origin_of(url) not in site.config.origins:
        return None
    named = {parameter: predecessor, "successor": identifier} if predecessor else {parameter: identifier}
    return with_parameters(url, **named, **more)


def _renewal(record: Record) -> str | None:
    """What the page can get anew: another QR code, or another code where none was to be scanned or was the trouble."""
    if not record.renewable:
        return None
    return "code" if record.scan is ScanPolicy.OFF or record.status is Status.EXHAUSTED else "scan"


def _length(record: Record) -> int:
    identifier = codes.VerificationId.parse(record.id)
    return identifier.format.length if identifier else 0


def _only_digits(record: Record) -> bool:
    identifier = codes.VerificationId.parse(record.id)
    return identifier is not None and identifier.format.digits_only


def binding(user: str, found: Binding, *, openid_handle: str, wechat: str, with_openid: bool) -> schema.Binding:
    """The API's answer about a binding. Openids are included only for keys that may see them."""
    return schema.Binding(
        user=user,
        test=is_test_openid(found.openid),
        reachable=found.reachable,
        unreachable_reason=found.unreachable or None,
        made_by=found.made_by,
        bound_at=wire_time(found.bound_at),
        recipient_proved_at=wire_time(found.proved_at) if found.proved_at and is_recipient_id(user) else None,
        openid=found.openid if with_openid else ABSENT,
        unionid=found.unionid if with_openid else ABSENT,
        openid_handle=openid_handle,
        wechat=wechat,
        display=found.display,
    )


def binding_change(line: BindingChange) -> schema.BindingChange:
    """The API's answer about one line of a binding's history."""
    return schema.BindingChange(
        at=wire_time(int(line.at)),
        event=line.event,
        by=line.by,
        source=line.source or None,
        wechat=line.wechat,
        came_from=line.came_from or None,
    )
