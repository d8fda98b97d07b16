"""Identifiers in the platform's own formats (WECHAT.md 1, 5.1).

The ids of a person are derived from their name, not random. The same person has the same openid after every reset, so
a test may contain a fixed openid.
"""

import base64
import hashlib
import secrets

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def _digest(*parts: str) -> bytes:
    return hashlib.sha256("\x00".join(parts).encode()).digest()


def _letters(raw: bytes, count: int) -> str:
    return base64.urlsafe_b64encode(raw).decode()[:count]


def _alphanumerics(count: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(count))


def derive_openid(appid: str, person: str) -> str:
    """28 characters beginning with `o`; those of one account share their first six (WECHAT.md 1)."""
    return "o" + _letters(_digest("account", appid), 5) + _letters(_digest("openid", appid, person), 22)


def derive_unionid(owner: str | None, person: str) -> str | None:
    """28 characters beginning with `o6_`, the same in all accounts of an owner (WECHAT.md 1, 12).

    None if the account has no owner.
    """
    return None if owner is None else "o6_" + _letters(_digest("unionid", owner, person), 25)


def derive_snapshot_openid(appid: str, person: str) -> str:
    """The virtual openid of a snapshot page; never the real one (WECHAT.md 11.3)."""
    return "o" + _letters(_digest("account", appid), 5) + _letters(_digest("snapshot", appid, person), 22)


def mint_appid() -> str:
    """`wx` and 16 hex digits."""
    return "wx" + secrets.token_hex(8)


def mint_original_id() -> str:
    """`gh_` and 12 hex digits."""
    return "gh_" + secrets.token_hex(6)


def mint_secret() -> str:
    """32 hex digits, as the console shows an AppSecret."""
    return secrets.token_hex(16)


def mint_aes_key() -> str:
    """43 alphanumerics (WECHAT.md 9); the last character may have unused bits set, as in real keys."""
    return _alphanumerics(43)


def mint_callback_token() -> str:
    """A callback token of 24 alphanumerics (WECHAT.md 9)."""
    return _alphanumerics(24)


def mint_access_token() -> str:
    """136 characters, `<two digits>_<url-safe>` (WECHAT.md 1)."""
    return f"{secrets.randbelow(90) + 10}_{secrets.token_urlsafe(100)[:133]}"


def mint_jsapi_ticket() -> str:
    """86 characters, as real tickets of the JS-SDK have."""
    return "sM4AOVdWfPE4DxkXGEs8V" + secrets.token_urlsafe(60)[:65]


def mint_website_uuid() -> str:
    """The 16 characters that name a login page at the desk."""
    return "0" + base64.b32encode(secrets.token_bytes(10)).decode()[:15]


def mint_media_id() -> str:
    """64 characters of base64url, as real ids have."""
    return secrets.token_urlsafe(48)


def mint_short_key() -> str:
    """A key of 15 letters and digits (official page of `shorten/gen`)."""
    return _alphanumerics(15)


def mint_template_id() -> str:
    """43 characters of base64url (WECHAT.md 1)."""
    return secrets.token_urlsafe(32)


def mint_oauth_code() -> str:
    """A web authorisation code of 32 characters."""
    return "0" + _alphanumerics(31)


def mint_qr_id() -> str:
    """22 characters beginning with `02`, the newer of the two forms (WECHAT.md 5.2)."""
    return "02" + secrets.token_urlsafe(15)


def profile_url(original_id: str) -> str:
    """The text in the account's own QR picture, `http://weixin.qq.com/r/…` (KINDS.md 5).

    On the real platform it cannot be derived from the original id; here it is, so that it is the same after a reset.
    """
    return "http://weixin.qq.com/r/" + _letters(_digest("profile", original_id), 22)


def mint_rid(now: float) -> str:
    """Three groups of eight hex digits, the first the time of the call (WECHAT.md 1)."""
    return f"{int(now) & 0xFFFFFFFF:08x}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"


class MessageNumbers:
    """Message ids: unique, increasing, with 19 digits or optionally 9 (WECHAT.md 1, checklist 3)."""

    def __init__(self) -> None:
        self._large = 3_557_254_367_693_750_277
        self._small = 200_163_836

    def next(self, *, small: bool) -> int:
        """The next id; a `small` id is below 2^31, for an SDK that overflows there."""
        if small:
            self._small += 1 + secrets.randbelow(5)
            return self._small
        self._large += 1 + secrets.randbelow(1_000_000)
        return self._large
