"""The encodings of RFC 4648 without padding: base64url, and base32 in small letters."""

from base64 import b32encode, urlsafe_b64decode, urlsafe_b64encode


def base64url(octets: bytes) -> str:
    """Octets as base64url."""
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """The octets of a base64url text. Characters of other alphabets are skipped.

    Raises:
        ValueError: no base64 text has this length, or a character is outside ASCII.
    """
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def base32(octets: bytes) -> str:
    """Octets as base32 in small letters."""
    return b32encode(octets).rstrip(b"=").lower().decode()
