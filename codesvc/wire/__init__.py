"""What goes over the wire, as types: one source for the published document and for the SDK.

Nothing here imports anything else of the package, so that `codesvc.client` can use it without a server. The words that
a member may hold (`STATUSES`, …) are written out although enumerations inside have them too: publishing a new one is a
decision, and a test makes somebody take it.
"""

from codesvc.wire.answer import Answer
from codesvc.wire.asking import (
    INTENT_STATUSES,
    LOGIN_STATUSES,
    BindIntent,
    IntentPage,
    Login,
    Redemption,
)
from codesvc.wire.binding import Binding, Bindings, History, Passage
from codesvc.wire.operation import Clock, Health, Heard, Readiness
from codesvc.wire.problem import PROBLEM_SHAPES, Fault, ProblemDocument
from codesvc.wire.proof import BASES, Claims, Jwk, Jwks
from codesvc.wire.verification import (
    CHANNELS,
    DELIVERY_STATUSES,
    STATUSES,
    Delivery,
    Scan,
    ScanCode,
    Verification,
    VerificationPage,
)

__all__ = [
    "BASES",
    "CHANNELS",
    "DELIVERY_STATUSES",
    "INTENT_STATUSES",
    "LOGIN_STATUSES",
    "PROBLEM_SHAPES",
    "STATUSES",
    "Answer",
    "BindIntent",
    "Binding",
    "Bindings",
    "Claims",
    "Clock",
    "Delivery",
    "Fault",
    "Health",
    "Heard",
    "History",
    "IntentPage",
    "Jwk",
    "Jwks",
    "Login",
    "Passage",
    "ProblemDocument",
    "Readiness",
    "Redemption",
    "Scan",
    "ScanCode",
    "Verification",
    "VerificationPage",
]
