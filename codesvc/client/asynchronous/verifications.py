"""Calls for verifications and proofs."""

import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from codesvc.client.asynchronous.sender import Sender
from codesvc.client.call import creating, part, posting, query, reading, recipient
from codesvc.client.proofs import read_proof
from codesvc.client.schema import Claims, Clock, Jwks, ScanCode, Verification


def _path(verification: str, more: str = "") -> str:
    return f"/v1/verifications/{part(verification)}{more}"


class VerificationCalls(Sender):
    """Methods for verifications and proofs."""

    async def start(
        self,
        *,
        purpose: str,
        user: str,
        client_ip: str | None = None,
        user_agent: str | None = None,
        locale: str | None = None,
        vouched: bool | None = None,
        return_url: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        phone: str | None = None,
        email: str | None = None,
        idempotency_key: str | None = None,
    ) -> Verification:
        """Start a verification. Then send the browser to its `page_url` and keep its `id` in the session.

        Args:
            purpose: `register`, `reset`, or one that the configuration declares.
            user: your opaque id of the person; for a sign-up, a random id for each attempt.
            client_ip: IP address of the browser.
            user_agent: the browser's `User-Agent` header.
            locale: `en…`, or anything else for Chinese.
            vouched: whether you have authenticated the person by other means (scope `vouch`).
            return_url: where the hosted page sends the browser at the end.
            metadata: your own JSON object, up to 4 KiB; returned unchanged.
            phone: the last resort: where your own gateway brings the code if WeChat cannot; or
            email: the last resort by e-mail. At most one of the two.
            idempotency_key: identifies this act if your program repeats it after a restart. Without it,
                only the retries of this call count as one act.
        """
        members = {
            "purpose": purpose,
            "user": user,
            "client_ip": client_ip,
            "user_agent": user_agent,
            "locale": locale,
            "vouched": vouched,
            "return_url": return_url,
            "metadata": metadata,
            "contact": recipient(phone, email),
        }
        return await self._send(creating("/v1/verifications", Verification, members, idempotency_key))

    async def get(self, verification: str, *, return_key: str | None = None) -> Verification:
        """The current state of a verification; with `proof` for 10 minutes after approval.

        `return_key`: what the browser brought to `return_url`, where the purpose has `return_key = true`.
        """
        more = f"?{query({'return_key': return_key})}" if return_key else ""
        return await self._send(reading(_path(verification, more), Verification))

    async def scan(self, verification: str) -> ScanCode:
        """The content of the QR code, to draw your own picture."""
        return await self._send(reading(_path(verification, "/scan"), ScanCode))

    async def check(
        self, verification: str, code: str, *, client_ip: str | None = None, idempotency_key: str | None = None
    ) -> Verification:
        """Check a code: the approved verification with its `proof`; else `WrongCode`, `Ended` or `GuessBudget`."""
        members = {"code": code, "client_ip": client_ip}
        return await self._send(creating(_path(verification, "/check"), Verification, members, idempotency_key))

    async def resend(self, verification: str) -> Verification:
        """Send the same code again; raises `ResendTooSoon` before `resend_at`."""
        return await self._send(posting(_path(verification, "/resend"), Verification, {}))

    async def cancel(self, verification: str) -> Verification:
        """Cancel a verification."""
        return await self._send(posting(_path(verification, "/cancel"), Verification, {}))

    def watch(self, verification: str) -> AsyncIterator[Verification]:
        """Yield the current state, then every new state until the verification has ended. Errors are not retried."""
        return self._watch(reading(_path(verification, "/events"), Verification))

    async def verify_proof(self, proof: str, *, consume: bool = True) -> Claims:
        """The claims of a genuine and fresh proof of this site. The proof works once, unless `consume` is false.

        Compare `sub`, `purpose` and `vf` with your session.
        """
        return await self._send(posting("/v1/proofs/verify", Claims, {"proof": proof, "consume": consume}))

    async def proof_keys(self) -> Jwks:
        """The public keys that `read_proof` needs; they change with the master key."""
        return await self._send(reading("/.well-known/jwks.json", Jwks))

    async def read_proof(
        self, proof: str, *, site: str, issuer: str | None = None, now: Callable[[], float] = time.time
    ) -> Claims:
        """Read a proof without using it up, with keys fetched for this call; see `codesvc.client.proofs`.

        Args:
            proof: a JWT.
            site: the site's name in the service's configuration.
            issuer: the service's public address, if it differs from `base_url`.
            now: the current time, seconds since 1970.
        """
        return read_proof(proof, await self.proof_keys(), issuer=issuer or self._base_url, site=site, now=now)

    async def move_clock(self, seconds: float) -> Clock:
        """Advance the service's clock; in test mode only."""
        return await self._send(posting("/test/clock", Clock, {"advance": seconds}))
