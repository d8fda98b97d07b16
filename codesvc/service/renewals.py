"""Successors: what the page of an ended verification, bind intent or login starts in its place, once (decision 26).

A successor has its predecessor's user, purpose and fixed values: language, metadata, return address, and the browser
and address that messages show. They are those where the site began, because the approval goes there and the reader of
the page may be another person. The reader's address is only counted by limits. It counts as a start. The script decides
whether there may be one, in the act that starts it; what is read before never changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.domain.addresses import address_of
from codesvc.domain.intent import Kind
from codesvc.service.intents import AskRequest
from codesvc.service.models import Result, StartRequest
from codesvc.store.outcomes import Outcome

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from codesvc.domain.codes import VerificationId
    from codesvc.domain.intent import IntentId
    from codesvc.service.intents import IntentResult, Intents
    from codesvc.service.verifications import Verifications
    from codesvc.sites.directory import SiteEntry


async def renew_verification(
    verifications: Verifications,
    site: SiteEntry,
    old: VerificationId,
    *,
    reader: IPv4Address | IPv6Address | None,
) -> Result:
    """Start the successor of a verification: STARTED, REPEATED, ENDED, LIMITED or ABSENT.

    Args:
        verifications: starts it.
        site: the site of the predecessor.
        old: the predecessor.
        reader: address of the browser that asks; without it the start's is counted.
    """
    found = await verifications.get(site, old)
    record = found.record
    if record is None:
        return found
    if site.purpose(record.purpose) is None:
        return Result(Outcome.ENDED, record)
    return await verifications.start(
        site,
        StartRequest(
            purpose=record.purpose,
            user=record.user,
            client_ip=None if site.config.client_ip == "none" else reader or address_of(record.address),
            vouched=record.vouched,
            predecessor=record.id,
            inherited=record.fixed,
        ),
    )


async def renew_intent(
    intents: Intents,
    site: SiteEntry,
    old: IntentId,
    *,
    reader: IPv4Address | IPv6Address | None,
) -> IntentResult:
    """Start the successor of a bind intent or login, as `renew_verification`; without `reader` none is counted."""
    found = await intents.get(site, old)
    intent = found.intent
    if intent is None:
        return found
    return await intents.start(
        site,
        AskRequest(
            kind=intent.kind,
            # Of a login `user` is who was found; it starts with none.
            user=intent.user if intent.kind is Kind.BIND else "",
            method=intent.method,
            replace=intent.replace,
            client_ip=None if site.config.client_ip == "none" else reader,
            predecessor=intent.id,
            inherited=intent.fixed,
            for_app=intent.oidc is not None,
        ),
    )
