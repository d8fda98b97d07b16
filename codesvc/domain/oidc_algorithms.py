"""Signatures of ID tokens. Apart from the keys, so that reading a configuration loads no cryptography."""

from __future__ import annotations

from typing import Final

ALGORITHMS: Final = ("RS256", "ES256", "EdDSA")
"""RS256 is the default, because relying parties refuse others (OpenID Connect Core section 15.1)."""
