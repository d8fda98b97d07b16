"""API keys: how they are made, and the hash that the configuration stores in their place.

A key is 256 random bits, so a plain SHA-256 is enough. Slow hashes are for passwords that people choose.
"""

import base64
import hashlib

from codesvc.config.constraints import NAME, NAME_RULE
from codesvc.domain import signing_secret
from codesvc.domain.base_encodings import base64url

# With a fixed prefix, secret scanners find keys that were committed by mistake.
PREFIX = "csk"
ADMIN_PREFIX = "csa"
TOKEN_BYTES = 32
_LONGEST_BEGINNING = len(f"{PREFIX}_") + 32 + len("_")
"""Characters of a key up to its random part; a site's name has 32 at most."""


def new_key(site: str, token_bytes: bytes) -> str:
    """Make a key such as `csk_shop_Zm9v…`: prefix, site, and 32 random octets in base64url (43 characters).

    Args:
        site: the site's name in the configuration.
        token_bytes: 32 octets from a cryptographic source.

    Raises:
        ValueError: not a valid name of a site, or not 32 octets.
    """
    if NAME.fullmatch(site) is None:
        raise ValueError(f"a site's name {NAME_RULE}")
    return f"{PREFIX}_{site}_{_encoded(token_bytes)}"


def sites_named_by(key: str) -> list[str]:
    """The names of sites that a key may have been made for, the longest first; a name may have `_` in it.

    Anybody can write such a key: it names a site, and proves nothing.
    """
    prefix, _, rest = key[:_LONGEST_BEGINNING].partition("_")
    parts = rest.split("_")
    return ["_".join(parts[:n]) for n in range(len(parts) - 1, 0, -1)] if prefix == PREFIX else []


def new_admin_key(token_bytes: bytes) -> str:
    """Make a key of the admin API, such as `csa_Zm9v…`.

    Raises:
        ValueError: not 32 octets.
    """
    return f"{ADMIN_PREFIX}_{_encoded(token_bytes)}"


def _encoded(token_bytes: bytes) -> str:
    if len(token_bytes) != TOKEN_BYTES:
        raise ValueError(f"a key is made of {TOKEN_BYTES} octets, not {len(token_bytes)}")
    return base64url(token_bytes)


def new_signing_secret(random: bytes) -> str:
    """Make a secret that signs webhooks: `whsec_` and random octets in base64, as in Standard Webhooks.

    Args:
        random: 24 to 64 octets from a cryptographic source.
    """
    return signing_secret.PREFIX + base64.b64encode(random).decode("ascii")


def hash_line(key: str) -> str:
    """The line that the configuration contains for a key: `sha256:` and 64 hexadecimal digits."""
    return "sha256:" + hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest()
