"""Signatures of ID tokens. Apart from the keys, so that reading a configuration loads no cryptography."""

from typing import Final

ALGORITHMS: Final = ("RS256", "ES256", "EdDSA")
DEFAULT_ALGORITHM: Final = "RS256"
"""Relying parties need not know another (OpenID Connect Core section 15.1)."""
