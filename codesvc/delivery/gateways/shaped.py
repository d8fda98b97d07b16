"""An HTTP call in the shape that the operator describes: method, encoding, headers, a field map, a rule of success.

Each value of the field map is a text with placeholders. What is put in is encoded for its place, so that no code, text
or recipient can change the request's shape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import msgspec
from yarl import URL

from codesvc.delivery.gateways.gateway import GatewayAnswer, Taken, filled
from codesvc.delivery.gateways.http import call, judge_status

if TYPE_CHECKING:
    from codesvc.config.relay_settings import ShapedGateway
    from codesvc.delivery.gateways.gateway import Handover
    from codesvc.delivery.gateways.http import HttpAnswer
    from codesvc.delivery.webhooks.guarded_sessions import GuardedSessions

_MEDIA: Final = {"json": "application/json", "form": "application/x-www-form-urlencoded"}


class Shaped:
    """Calls a gateway by its field map."""

    def __init__(self, config: ShapedGateway, sessions: GuardedSessions) -> None:
        self._config, self._sessions = config, sessions
        self.idempotent = config.idempotent

    async def hand(self, handover: Handover) -> GatewayAnswer:
        """Call it once."""
        config, values = self._config, handover.placeholders({})
        fields = {name: filled(text, values) for name, text in config.fields.items()}
        url, body = config.url, b""
        headers = {"Accept": "application/json", **config.headers}
        if config.encoding == "query" or config.method == "GET":
            url = str(URL(url, encoded=True).update_query(fields))
        else:
            body = msgspec.json.encode(nested(fields)) if config.encoding == "json" else urlencode(fields).encode()
            headers.setdefault("Content-Type", _MEDIA[config.encoding])
        if config.authorization is not None:
            headers["Authorization"] = config.authorization.reveal()
        return await call(
            self._sessions,
            config.method,
            url,
            body=body,
            headers=headers,
            allow_private=config.allow_private,
            judge=self._judge,
        )

    def _judge(self, answer: HttpAnswer) -> GatewayAnswer:
        config = self._config
        if answer.status not in config.success:
            failed = judge_status(answer)
            # A success of HTTP that is none by the operator's rule: the gateway said something else than yes.
            return failed or GatewayAnswer(Taken.NO, f"http-{answer.status}")
        if not config.success_path:
            return GatewayAnswer(Taken.YES)
        if answer.json is None:
            # An answer that cannot be read does not say that the message was not taken.
            return GatewayAnswer(Taken.UNKNOWN, "unreadable")
        found = answer.at(config.success_path)
        if found is not None and (not config.success_value or found == config.success_value):
            return GatewayAnswer(Taken.YES)
        return GatewayAnswer(Taken.NO, "not-accepted")


def nested(fields: dict[str, str]) -> dict[str, Any]:
    """The fields as JSON: a name with dots is a path of objects."""
    whole: dict[str, Any] = {}
    for name, value in fields.items():
        *parents, last = name.split(".")
        place = whole
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return whole
