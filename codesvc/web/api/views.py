"""How a verification, a binding and a proof read on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from codesvc.domain import codes
from codesvc.domain.clock import rfc3339
from codesvc.domain.page_token import Subject
from codesvc.domain.test_identity import is_test_openid
from codesvc.domain.verification import Status
from codesvc.web.headers import prepared
from codesvc.web.reply import Reply

if TYPE_CHECKING:
    from aiohttp import web

    from codesvc.domain.binding import Passage
    from codesvc.domain.page_token import PageTokens
    from codesvc.domain.proof import Proofs
    from codesvc.domain.record import Record
    from codesvc.sites.directory import SiteEntry
    from codesvc.store.replies import Binding


_JSON: Final = prepared("application/json")


def json_response(document: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """A JSON answer that nobody may keep."""
    response = Reply(body=msgspec.json.encode(document), status=status, headers=_JSON)
    if headers:
        response.headers.update(headers)
    return response


class Views:
    """Draws verifications.

    Args:
        public_url: the service's own address.
        pages: signs page tokens.
        proofs: mints proofs.
    """

    def __init__(self, public_url: str, pages: PageTokens, proofs: Proofs) -> None:
        self.public_url = public_url
        self._pages = pages
        self._proofs = proofs

    def page_token(self, record: Record) -> str:
        """The token that lets a browser act on this verification."""
        return self._pages.sign(Subject(record.site, record.id))

    def page_url(self, record: Record) -> str:
        """Where the hosted page is."""
        return f"{self.public_url}/p/{self.page_token(record)}"

    def verification(self, record: Record) -> dict[str, Any]:
        """What the API answers."""
        token = self.page_token(record)
        page_url = f"{self.public_url}/p/{token}"
        return {
            "id": record.id,
            "purpose": record.purpose,
            "user": record.user,
            "status": record.status.value,
            "reference": codes.reference(record.id),
            "test": record.test,
            "created_at": rfc3339(record.created),
            "expires_at": rfc3339(record.expires),
            "resend_at": rfc3339(record.resend_at),
            "approved_at": rfc3339(record.approved) if record.approved else None,
            "attempts_left": record.attempts_left,
            "metadata": record.fixed.metadata,
            "delivery": self._delivery(record),
            "scan": self._scan(record, page_url),
            "page_url": page_url,
            "page_token": token,
        }

    def verification_with_proof(self, record: Record) -> dict[str, Any]:
        """As `verification`, with the proof while one is handed out."""
        document = self.verification(record)
        if record.proof_available:
            document["proof"] = self._proofs.mint(record)
        return document

    def page(self, record: Record, site: SiteEntry, locale: str) -> dict[str, Any]:
        """What a page token may read: no user, no proof, no metadata."""
        policy = site.purpose(record.purpose)
        approved = record.status is Status.APPROVED
        return {
            "status": record.status.value,
            "reference": codes.reference(record.id),
            "test": record.test,
            "site": site.config.name.spoken(locale),
            "account": site.account.config.name,
            "purpose": policy.name.spoken(locale) if policy else record.purpose,
            "now": rfc3339(record.now),
            "expires_at": rfc3339(record.expires),
            "resend_at": rfc3339(record.resend_at),
            "attempts_left": record.attempts_left,
            "code_length": _length(record),
            "code_digits": _only_digits(record),
            "delivery": self._delivery(record),
            "scan": self._scan(record, self.page_url(record)),
            "return_to": self.return_to(record) if approved else None,
        }

    @staticmethod
    def return_to(record: Record) -> str | None:
        """Where the browser goes after the page: the site compares the id with its own session's."""
        url = record.fixed.return_url
        if url is None:
            return None
        url, hash_mark, fragment = url.partition("#")
        return f"{url}{'&' if '?' in url else '?'}verification={record.id}{hash_mark}{fragment}"

    @staticmethod
    def _delivery(record: Record) -> dict[str, str | None]:
        view = record.delivery_view
        return {"channel": str(view.channel), "status": str(view.status), "reason": view.reason}

    @staticmethod
    def _scan(record: Record, page_url: str) -> dict[str, str] | None:
        return {"image_url": f"{page_url}/qr.svg", "keyword": record.keyword} if record.scannable else None


def _length(record: Record) -> int:
    identifier = codes.VerificationId.parse(record.id)
    return identifier.format.length if identifier else 0


def _only_digits(record: Record) -> bool:
    identifier = codes.VerificationId.parse(record.id)
    return identifier is not None and identifier.format.alphabet == "d"


def binding(user: str, found: Binding, *, with_openid: bool) -> dict[str, Any]:
    """What the API answers about a binding; openids only to keys that may see them."""
    document: dict[str, Any] = {
        "user": user,
        "test": is_test_openid(found.openid),
        "reachable": found.reachable,
        "made_by": found.made_by,
        "bound_at": rfc3339(found.bound_at),
    }
    if with_openid:
        document |= {"openid": found.openid, "unionid": found.unionid}
    return document


def passage(line: Passage) -> dict[str, Any]:
    """What the API answers about one line of a binding's history."""
    return {
        "at": rfc3339(int(line.at)),
        "event": line.event,
        "by": line.by,
        "source": line.source or None,
        "wechat": line.wechat,
        "from": line.came_from or None,
    }
