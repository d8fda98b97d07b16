"""Examples of answers, taken from a run against the sandbox; long tokens are shortened."""

from typing import Any, Final

import msgspec

from codesvc.client.schema import EVENT_SHAPES, VerificationEvent

_ADDRESS: Final = "https://code.example.com"
TOKEN: Final = "WyJzaG9wIiwidmZfbjdqN2Q2cTZwNXdsaXV1aDM0M3dhY2pudHZ6YmJybWkiXQ.oFqYtY8"  # noqa: S105  an example
VERIFICATION_ID: Final = "vf_n7j7d6q6p5wliuuh343wacjntvzbbrmi"
BIND_ID: Final = "bi_4f7qk2m5x3zj6w7d2n5y4c3a2e"
LOGIN_ID: Final = "lg_kq3v7e2xw4p5s6t7r2n4m6j3ba"
PROOF: Final = "eyJhbGciOiJFZERTQSIsImtpZCI6ImE3In0.eyJpc3MiOiJodHRwczovL2NvZGUuZXhhbXBsZS5jb20ifQ.c2ln"
HANDLE: Final = "hd_nB2mQ7x1u0"
_SCAN: Final = {"image_url": f"{_ADDRESS}/p/{TOKEN}/qr.svg", "keyword": "zs77sbm6"}

VERIFICATION: Final[dict[str, Any]] = {
    "id": VERIFICATION_ID,
    "purpose": "register",
    "user": "attempt-7f3a",
    "status": "pending",
    "reference": "RM",
    "test": False,
    "created_at": "2026-11-22T09:30:16.192Z",
    "expires_at": "2026-11-22T09:35:16.192Z",
    "resend_at": "2026-11-22T09:31:16.192Z",
    "approved_at": None,
    "attempts_left": 5,
    "metadata": {"cart": "c-81"},
    "delivery": {"channel": "scan", "status": "awaiting_scan", "reason": None},
    "scan": _SCAN,
    "page_url": f"{_ADDRESS}/p/{TOKEN}",
    "page_token": TOKEN,
    "predecessor": None,
    "successor": None,
}
APPROVED: Final[dict[str, Any]] = VERIFICATION | {
    "status": "approved",
    "approved_at": "2026-11-22T09:30:16.398Z",
    "delivery": {"channel": "reply", "status": "sent", "reason": None},
    "scan": None,
    "proof": PROOF,
}
CANCELED: Final[dict[str, Any]] = VERIFICATION | {
    "status": "canceled",
    "delivery": {"channel": "scan", "status": "failed", "reason": "expired"},
    "scan": None,
}
SCAN_CODE: Final = {
    "url": "http://weixin.qq.com/q/02TApEFQtcBhQp1K82mtyQ",
    **_SCAN,
    "expires_at": "2026-11-22T09:35:16.192Z",
}
PAGE: Final[dict[str, Any]] = {
    "status": "pending",
    "reference": "RM",
    "test": False,
    "site": "Moonhill Tea",
    "account": "山月茶铺",
    "purpose": "Sign-up",
    "now": "2026-11-22T09:30:17.020Z",
    "expires_at": "2026-11-22T09:35:16.192Z",
    "resend_at": "2026-11-22T09:31:16.192Z",
    "attempts_left": 5,
    "code_length": 6,
    "code_digits": True,
    "delivery": {"channel": "scan", "status": "awaiting_scan", "reason": None},
    "scan": _SCAN,
    "return_to": None,
    "renew": None,
    "brand": None,
}
RENEWAL: Final = {"page_url": f"{_ADDRESS}/p/{TOKEN}", "page_token": TOKEN}
CLAIMS: Final = {
    "iss": _ADDRESS,
    "aud": "shop",
    "sub": "attempt-7f3a",
    "purpose": "register",
    "vf": VERIFICATION_ID,
    "basis": "open",
    "iat": 1795339816,
    "exp": 1795340416,
    "jti": "57957e00a764166bf36f6c93aceb1ce8",
}
BINDING: Final[dict[str, Any]] = {
    "user": "alice",
    "test": False,
    "reachable": True,
    "unreachable_reason": None,
    "made_by": "proof",
    "bound_at": "2026-11-22T09:30:16.398Z",
    "openid_handle": "oh_VZyHHvwug2bq",
    "wechat": "97d18e059c0c",
}
HISTORY: Final = {
    "user": "alice",
    "history": [
        {
            "at": "2026-11-22T09:30:16.398Z",
            "event": "bound",
            "by": "proof",
            "source": VERIFICATION_ID,
            "wechat": "97d18e059c0c",
            "from": None,
        }
    ],
}
_ASKED: Final[dict[str, Any]] = {
    "status": "pending",
    "reference": "KX",
    "created_at": "2026-11-22T09:30:16.192Z",
    "expires_at": "2026-11-22T09:40:16.192Z",
    "scan": _SCAN,
    "page_url": f"{_ADDRESS}/p/i.{TOKEN}",
    "page_token": f"i.{TOKEN}",
    "predecessor": None,
    "successor": None,
}
BIND_INTENT: Final[dict[str, Any]] = {
    "id": BIND_ID,
    "user": "alice",
    **_ASKED,
    "method": "scan",
    "link": None,
    "conflict": None,
}
LOGIN: Final[dict[str, Any]] = {"id": LOGIN_ID, "user": None, **_ASKED, "handle": None}
REDEMPTION: Final = {"kind": "bind", "handle": HANDLE}
JWKS: Final = {
    "keys": [
        {
            "kty": "OKP",
            "crv": "Ed25519",
            "alg": "EdDSA",
            "use": "sig",
            "kid": "a7",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        }
    ]
}

MESSAGE_ID: Final = "ms_4f7qk2m5x3zj6w7d2n5y4c3a2e"
_MESSAGE: Final[dict[str, Any]] = {
    "id": MESSAGE_ID,
    "user": "ph_6clqdei6cd466stxj4ckuy7q",
    "purpose": "register",
    "kind": "sms",
    "reference": None,
    "created_at": "2026-11-22T09:30:16.192Z",
    "expires_at": "2026-11-22T09:35:16.192Z",
}
MESSAGE: Final[dict[str, Any]] = _MESSAGE | {"status": "accepted", "channel": None, "reason": None, "ended_at": None}
RECIPIENT_USER: Final = {"user": "ph_6clqdei6cd466stxj4ckuy7q"}

WEBHOOK_ID: Final = "wh_5b0f6c1e9a3d4e7f8a2b6c9d0e1f2a3b"
WEBHOOK_CURSOR: Final = (
    "MTc5NTMzOTgxNjM5OCB2ZXJpZmljYXRpb24uYXBwcm92ZWQgd2hfNWIwZjZjMWU5YTNkNGU3ZjhhMmI2YzlkMGUxZjJhM2I="
)
_HAPPENED: Final = "2026-11-22T09:30:16.398Z"
_NEWS: Final[dict[str, Any]] = {
    "id": VERIFICATION_ID,
    "purpose": "register",
    "user": "attempt-7f3a",
    "status": "pending",
    "reference": "RM",
    "test": False,
    "created_at": "2026-11-22T09:30:16.192Z",
    "expires_at": "2026-11-22T09:35:16.192Z",
    "approved_at": None,
    "basis": None,
    "attempts_left": 5,
    "metadata": {"cart": "c-81"},
    "delivery": {"channel": "template", "status": "delivered", "reason": None},
    "predecessor": None,
}
_FELL_BACK: Final = {"channel": "scan", "status": "awaiting_scan", "reason": "user-block"}
_DATA: Final[dict[str, dict[str, Any]]] = {
    **{kind: _NEWS for kind, shape in EVENT_SHAPES.items() if shape is VerificationEvent},
    "verification.approved": _NEWS
    | {
        "status": "approved",
        "approved_at": _HAPPENED,
        "basis": "open",
        "delivery": {"channel": "reply", "status": "sent", "reason": None},
    },
    "verification.failed": _NEWS | {"delivery": {"channel": "template", "status": "failed", "reason": "quota"}},
    "verification.fell_back": _NEWS | {"delivery": _FELL_BACK},
    "verification.exhausted": _NEWS | {"status": "exhausted", "attempts_left": 0},
    "binding.created": {
        "user": "alice",
        "wechat": "97d18e059c0c",
        "made_by": "proof",
        "source": VERIFICATION_ID,
        "bound_at": _HAPPENED,
        "from": None,
    },
    "binding.removed": {"user": "alice", "wechat": "97d18e059c0c", "by": "site"},
    "binding.conflict": {"user": "alice", "bind_intent": BIND_ID, "reference": "KX", "conflict": "wechat"},
    "binding.unreachable": {"user": "alice", "wechat": "97d18e059c0c", "reason": "not-following"},
    "login.approved": {
        "id": LOGIN_ID,
        "user": "alice",
        "reference": "KX",
        "created_at": "2026-11-22T09:30:16.192Z",
        "approved_at": _HAPPENED,
        "predecessor": None,
        "client": None,
    },
    "quota.low": {
        "account": "main",
        "call": "template",
        "threshold": 80,
        "daily": 100000,
        "left": 20000,
        "day": "2026-11-22",
    },
    "message.delivered": _MESSAGE
    | {"status": "delivered", "channel": "template", "reason": None, "ended_at": _HAPPENED},
    "message.handed_over": _MESSAGE
    | {"status": "handed_over", "channel": "gateway", "reason": "no-binding", "ended_at": _HAPPENED},
    "message.unknown": _MESSAGE
    | {"status": "unknown", "channel": "gateway", "reason": "timeout", "ended_at": _HAPPENED},
    "message.failed": _MESSAGE
    | {"status": "failed", "channel": "gateway", "reason": "http-400", "ended_at": _HAPPENED},
    "webhook.test": {"message": "This is a test of your webhook."},
}
EVENTS: Final = {kind: {"type": kind, "timestamp": _HAPPENED, "data": data} for kind, data in _DATA.items()}
WEBHOOK_DELIVERY: Final[dict[str, Any]] = {
    "id": WEBHOOK_ID,
    "event": "verification.approved",
    "status": "delivered",
    "reason": None,
    "created_at": _HAPPENED,
    "next_attempt_at": None,
    "ended_at": "2026-11-22T09:30:21.904Z",
    "attempts": [
        {"at": "2026-11-22T09:30:16.485Z", "result": "refused", "status": 503, "milliseconds": 87},
        {"at": "2026-11-22T09:30:21.904Z", "result": "delivered", "status": 204, "milliseconds": 41},
    ],
    "payload": EVENTS["verification.approved"],
}
WEBHOOK_TEST: Final[dict[str, Any]] = WEBHOOK_DELIVERY | {
    "event": "webhook.test",
    "status": "pending",
    "next_attempt_at": _HAPPENED,
    "ended_at": None,
    "attempts": [],
    "payload": EVENTS["webhook.test"],
}
WEBHOOK_ENDPOINT: Final = {
    "url": "https://shop.example/hooks/codesvc",
    "events": ["verification.approved", "binding.unreachable"],
    "enabled": True,
    "disabled_at": None,
    "waiting": 0,
    "delivered_at": "2026-11-22T09:30:21.904Z",
    "failed_at": "2026-11-22T09:30:16.485Z",
    "last_failure": "refused",
    "failures": 0,
}


def event(document: dict[str, Any]) -> dict[str, str]:
    """A server-sent event with this document as its data."""
    return {"event": "change", "data": msgspec.json.encode(document).decode()}
