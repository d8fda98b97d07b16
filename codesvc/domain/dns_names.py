"""How long a name in DNS may be (RFC 1035 section 2.3.4), judged before it is encoded. Pure.

Encoding takes a square of a label's length, and normalisation makes up to 18 characters of one: a name of 240
characters took 14 ms to be refused, and one of 2,000 half a second.
"""

import re
import unicodedata
from typing import Final

_LONGEST_NAME: Final = 254
"""With a dot at its end."""
_LONGEST_LABEL: Final = 63
_DOT: Final = re.compile("[.\u3002\uff0e\uff61]")
"""Each character that divides labels (RFC 3490 section 3.1)."""


def may_be_encoded(name: str) -> bool:
    """Whether a name of any script is short enough to be one; each character takes at least one octet in Punycode."""
    if len(name) > _LONGEST_NAME:
        return False
    normal = unicodedata.normalize("NFKC", name)
    return len(normal) <= _LONGEST_NAME and all(len(label) <= _LONGEST_LABEL for label in _DOT.split(normal))
