"""How far a request of ours has come, for the calls that may not be made twice."""

from dataclasses import dataclass


@dataclass(slots=True)
class RequestProgress:
    """Whether one request may have been sent; the hooks of `codesvc.runtime.sending_trace` set it.

    Attributes:
        may_be_sent: False only if it is certain that no octet of the request has been written.
    """

    may_be_sent: bool = True
