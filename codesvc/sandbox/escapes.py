r"""What the platform makes of `\uXXXX` escapes in a JSON body, which many JSON writers produce for Chinese text.

One table, because the sources speak of single APIs: `menu/create` refuses every escape, also that of `&`, and says so
in the errmsg; `api_add_template` refuses escaped keyword names; customer-service messages and tags show the escapes as
they were sent. About every other API the sources are silent, and the sandbox reads the escapes as JSON does.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

from codesvc.sandbox.rights import Confidence

_EVERY = re.compile(rb"(?<!\\)((?:\\\\)*)(\\u[0-9a-fA-F]{4})")
_BEYOND_ASCII = re.compile(rb"(?<!\\)((?:\\\\)*)(\\u(?!00[0-7])[0-9a-fA-F]{4})")


@dataclass(frozen=True)
class Escapes:
    """How one API treats escapes.

    Attributes:
        treatment: `accepted` reads them, `refused` answers `errcode`, `shown` keeps them as the text that was sent.
        errcode: the errcode of the treatment `refused`.
        ascii_too: whether escapes of ASCII characters count, such as that of `&`, which Go writes.
    """

    treatment: Literal["accepted", "refused", "shown"]
    confidence: Confidence
    errcode: int = 40033
    ascii_too: bool = False

    def find(self, raw: bytes) -> bool:
        """Whether a body has an escape that counts."""
        return (_EVERY if self.ascii_too else _BEYOND_ASCII).search(raw) is not None


UNKNOWN: Final = Escapes("accepted", "open")
EVERYWHERE: Final = Escapes("refused", "open")
"""The reading of the code lists by which every API refuses them; `refuse_escapes` selects it."""
TABLE: Final[dict[str, Escapes]] = {
    "/cgi-bin/menu/create": Escapes("refused", "medium", ascii_too=True),
    "/cgi-bin/menu/addconditional": Escapes("refused", "open", ascii_too=True),
    "/cgi-bin/template/api_add_template": Escapes("refused", "low", errcode=40246),
    "/cgi-bin/message/custom/send": Escapes("shown", "medium"),
    "/cgi-bin/tags/create": Escapes("shown", "low"),
    "/cgi-bin/tags/update": Escapes("shown", "open"),
}


def escapes_of(path: str, *, refuse: bool | None) -> Escapes:
    """What an API does with escapes.

    Args:
        path: the path of the API.
        refuse: the setting `refuse_escapes`: None for the table, True for a refusal by every API, False for none.
    """
    known = TABLE.get(path, UNKNOWN)
    if refuse is None:
        return known
    if refuse:
        return known if known.treatment == "refused" else EVERYWHERE
    return UNKNOWN


def as_shown(raw: bytes) -> bytes:
    """The body with its escapes as plain text, which is what the person then reads."""
    return _BEYOND_ASCII.sub(rb"\1\\\2", raw)
