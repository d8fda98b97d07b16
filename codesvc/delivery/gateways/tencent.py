"""Tencent Cloud's SMS service, called over plain HTTP (API 3.0, signature TC3-HMAC-SHA256).

Success is `Ok` as the code of the one number. The service does not recognise a repeated call, so a call whose outcome
is unknown is not repeated.
"""

from __future__ import annotations

import hmac
import time
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import msgspec
from yarl import URL

from codesvc.delivery.gateways.gateway import GatewayAnswer, Taken, filled, reason_of
from codesvc.delivery.gateways.http import call, judge_status

if TYPE_CHECKING:
    from collections.abc import Callable

    from codesvc.config.relay_settings import TencentGateway
    from codesvc.delivery.gateways.gateway import Handover
    from codesvc.delivery.gateways.http import HttpAnswer
    from codesvc.delivery.webhooks.guarded_sessions import GuardedSessions

_TYPE: Final = "application/json; charset=utf-8"
_SERVICE: Final = "sms"
_LATER: Final = ("RequestLimitExceeded", "LimitExceeded.DeliveryFrequencyLimit", "ResourceInsufficient")
_UNKNOWN: Final = ("InternalError",)


class Tencent:
    """Calls SendSms."""

    idempotent: Final = False

    def __init__(
        self, config: TencentGateway, sessions: GuardedSessions, *, now: Callable[[], float] = time.time
    ) -> None:
        self._config, self._sessions, self._now = config, sessions, now

    async def hand(self, handover: Handover) -> GatewayAnswer:
        """Call it once."""
        config, moment = self._config, int(self._now())
        values = handover.placeholders(config.templates, config.template)
        asked: dict[str, Any] = {
            "PhoneNumberSet": [values["to"]],
            "SmsSdkAppId": config.sdk_app_id,
            "TemplateId": values["template"],
            "TemplateParamSet": [filled(text, values) for text in config.params],
            "SessionContext": handover.id,
        }
        if config.sign_name:
            asked["SignName"] = config.sign_name
        body = msgspec.json.encode(asked)
        host = URL(config.endpoint).raw_authority
        return await call(
            self._sessions,
            "POST",
            config.endpoint + "/",
            body=body,
            headers={
                "Authorization": authorization(
                    config.secret_id, config.secret_key.reveal(), host=host, body=body, now=moment
                ),
                "Content-Type": _TYPE,
                "X-TC-Action": "SendSms",
                "X-TC-Region": config.region,
                "X-TC-Timestamp": str(moment),
                "X-TC-Version": "2021-01-11",
            },
            allow_private=config.allow_private,
            judge=_judge,
        )


def authorization(
    secret_id: str, secret_key: str, *, host: str, body: bytes, now: int, service: str = _SERVICE, content: str = _TYPE
) -> str:
    """The header Authorization of a call: three keys derived in turn from the secret, over the canonical request."""
    day = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")
    scope = f"{day}/{service}/tc3_request"
    canonical = "\n".join(
        ("POST", "/", "", f"content-type:{content}", f"host:{host}", "", "content-type;host", sha256(body).hexdigest())
    )
    text = "\n".join(("TC3-HMAC-SHA256", str(now), scope, sha256(canonical.encode()).hexdigest()))
    key = f"TC3{secret_key}".encode()
    for part in (day, service, "tc3_request"):
        key = hmac.digest(key, part.encode(), sha256)
    signed = hmac.digest(key, text.encode(), sha256).hex()
    return f"TC3-HMAC-SHA256 Credential={secret_id}/{scope}, SignedHeaders=content-type;host, Signature={signed}"


def _judge(answer: HttpAnswer) -> GatewayAnswer:
    """The vendor's code, of the call or of its one number, says more than the status."""
    code = answer.at("Response.Error.Code") or answer.at("Response.SendStatusSet.0.Code")
    if code is None:
        return judge_status(answer) or GatewayAnswer(Taken.UNKNOWN, "unreadable")
    if code == "Ok":
        return GatewayAnswer(Taken.YES)
    if code.startswith(_UNKNOWN):
        return GatewayAnswer(Taken.UNKNOWN, reason_of(code))
    return GatewayAnswer(Taken.LATER if code.startswith(_LATER) else Taken.NO, reason_of(code))
