"""Aliyun's SMS service, called over plain HTTP (RPC style, signature version 1.0, HMAC-SHA1).

Success is `Code` equal to `OK` in the answer; a failure may come with HTTP 200. The service does not recognise a
repeated call, so a call whose outcome is unknown is not repeated.
"""

from __future__ import annotations

import hmac
import time
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha1
from secrets import token_hex
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

import msgspec

from codesvc.delivery.gateways.gateway import GatewayAnswer, Taken, filled, reason_of
from codesvc.delivery.gateways.http import call, judge_status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from codesvc.config.relay_settings import AliyunGateway
    from codesvc.delivery.gateways.gateway import Handover
    from codesvc.delivery.gateways.http import HttpAnswer
    from codesvc.delivery.webhooks.guarded_sessions import GuardedSessions

_LATER: Final = frozenset({"isp.SYSTEM_ERROR", "isp.RAM_PERMISSION_DENY", "Throttling", "Throttling.User"})
_UNKNOWN: Final = frozenset({"isp.UNKNOWN"})


class Aliyun:
    """Calls SendSms."""

    idempotent: Final = False

    def __init__(
        self, config: AliyunGateway, sessions: GuardedSessions, *, now: Callable[[], float] = time.time
    ) -> None:
        self._config, self._sessions, self._now = config, sessions, now

    async def hand(self, handover: Handover) -> GatewayAnswer:
        """Call it once."""
        config = self._config
        values = handover.placeholders(config.templates, config.template)
        params = {name: filled(text, values) for name, text in config.params.items()}
        query = {
            "AccessKeyId": config.access_key_id,
            "Action": "SendSms",
            "Format": "JSON",
            "OutId": handover.id,
            "PhoneNumbers": values["to_digits"] if values["country_code"] != "86" else values["to_national"],
            "RegionId": config.region,
            "SignName": config.sign_name,
            "SignatureMethod": "HMAC-SHA1",
            "SignatureNonce": token_hex(16),
            "SignatureVersion": "1.0",
            "TemplateCode": values["template"],
            "TemplateParam": msgspec.json.encode(params).decode(),
            "Timestamp": datetime.fromtimestamp(self._now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "Version": "2017-05-25",
        }
        query["Signature"] = signature("POST", query, config.access_key_secret.reveal())
        return await call(
            self._sessions,
            "POST",
            config.endpoint + "/",
            body=urlencode(query).encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            allow_private=config.allow_private,
            judge=_judge,
        )


def signature(method: str, query: Mapping[str, str], secret: str) -> str:
    """The signature of a call: HMAC-SHA1 over method, path and sorted query, under the secret and `&`."""
    sorted_query = "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in sorted(query.items()))
    text = f"{method}&{_encoded('/')}&{_encoded(sorted_query)}"
    return b64encode(hmac.digest(f"{secret}&".encode(), text.encode(), sha1)).decode()


def _encoded(text: str) -> str:
    """As the vendor wants it: RFC 3986, with `~` left alone."""
    return quote(text, safe="~")


def _judge(answer: HttpAnswer) -> GatewayAnswer:
    """The vendor's code says more than the status."""
    code = answer.at("Code")
    if code is None:
        return judge_status(answer) or GatewayAnswer(Taken.UNKNOWN, "unreadable")
    if code == "OK":
        return GatewayAnswer(Taken.YES)
    if code in _UNKNOWN:
        return GatewayAnswer(Taken.UNKNOWN, reason_of(code))
    return GatewayAnswer(Taken.LATER if code in _LATER else Taken.NO, reason_of(code))
