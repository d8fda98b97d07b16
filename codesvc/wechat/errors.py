"""Errors of the interface to WeChat, by their cause and by their possible effects.

After a failure two things matter: whether the request may have been carried out, and who must correct something. The
classes answer these questions:

- `BadCallback`: the caller of our callback sent something wrong; answer 403 (or 400) and store nothing.
- `NotSent`: nothing was done; the call may be repeated at once.
- `OutcomeUnknown`: WeChat may have acted; repeat only with the same `client_msg_id`.
- `WeChatError`: WeChat refused; `errcodes` gives the meaning.
- `BadKeys`: our own configuration is wrong.

No text of these errors contains a token, a secret, an openid, a key, or a URL with a query.
"""

from typing import Final

from codesvc.domain.errors import CodesvcError
from codesvc.domain.outbound_proxy import ProxyProblem

NO_RIGHT: Final = 48001
"""WeChat's errcode for a call that the account has no right to (KINDS.md section 3)."""
TOKEN_REPLACED: Final = 40001
"""WeChat's errcode for an access token that another one has replaced; at a token endpoint, for a wrong secret."""


class WeChatFault(CodesvcError):
    """Any failure between this service and WeChat."""


class BadKeys(WeChatFault):
    """A key in our configuration is wrong: an AES key that is not 43 characters of base64."""

    reason = "key"


class BadCallback(WeChatFault):
    """The request to the callback address is not a valid callback for this account.

    `reason` is for operators only (`codesvc.domain.callback_health.Reason`); the caller must not learn it.
    """

    reason = "form"


class BadSignature(BadCallback):
    """The signature is missing, or was made with another token."""

    reason = "signature"


class StaleCallback(BadCallback):
    """The callback is valid, but its timestamp is outside the window: a replay, or a wrong clock."""

    reason = "time"


class BadEnvelope(BadCallback):
    """The outer body is invalid: too large, not XML, not encrypted as required, or not decryptable with our keys."""


class WrongKey(BadEnvelope):
    """No AES key of ours opens the envelope. Its text is that of `OtherAppid`."""

    reason = "key"


class OtherAppid(BadEnvelope):
    """A key of ours opens the envelope, and it is for another appid. Its text is that of `WrongKey`."""

    reason = "appid"


class BadMessage(BadCallback):
    """The message is invalid: not WeChat's XML, an element missing or repeated, or meant for another account."""


class OtherAccount(BadMessage):
    """The message is meant for another account than `original_id`."""

    reason = "appid"


class NotSent(WeChatFault):
    """Nothing was sent to WeChat, so repeating is safe."""


class WeChatUnreachable(NotSent):
    """No connection: refused, or no answer in time."""


class NameNotResolved(WeChatUnreachable):
    """No connection: the host name cannot be resolved."""


class NotTrusted(WeChatUnreachable):
    """No connection: the server has no valid certificate for that host name."""


class ProxyFailed(WeChatUnreachable):
    """No connection: the outbound proxy is at fault, not WeChat."""

    def __init__(self, problem: ProxyProblem) -> None:
        """The text is that of the problem; it names no address and no login."""
        super().__init__(problem.words)
        self.problem = problem


class TokenUnavailable(NotSent):
    """No access token is available, so the call was not made.

    Attributes:
        errcode: the answer of the token endpoint, or None if it did not answer. See `errcodes.judge_token`.
    """

    def __init__(self, text: str, *, errcode: int | None = None) -> None:
        """Store the errcode."""
        super().__init__(text)
        self.errcode = errcode


class TokenRefused(TokenUnavailable):
    """WeChat rejects a token that was just fetched. Fetching another one at once would not help."""


class OutcomeUnknown(WeChatFault):
    """The request may have been carried out; repeat it only with the same `client_msg_id`."""


class WeChatTimeout(OutcomeUnknown):
    """The request was, or may have been, sent, but no complete answer came: too slow, reset, or closed."""


class Garbled(OutcomeUnknown):
    """The answer is unusable: an HTTP error, truncated JSON, too large, or without the requested value."""


class ServerFault(Garbled):
    """The server answered with an HTTP status from 500 on: it is there, and does not work now."""


class ProxyAnswered(Garbled):
    """The outbound proxy, and not WeChat, has answered a request by plain http with an error."""

    def __init__(self, problem: ProxyProblem) -> None:
        """The text is that of the problem."""
        super().__init__(problem.words)
        self.problem = problem


class WeChatError(WeChatFault):
    """WeChat answered with an errcode other than 0 (WECHAT.md 2).

    Attributes:
        errcode: the code; `errcodes.judge` gives its meaning.
        errmsg: WeChat's text, shortened and with long opaque words (tokens, openids) removed. For people only; never
            compare it.
        rid: WeChat's id of the request (three groups of 8 hex digits), or None.
    """

    def __init__(self, errcode: int, errmsg: str = "", rid: str | None = None) -> None:
        """Store the parts; `errmsg` must already be redacted."""
        super().__init__(f"errcode {errcode}: {errmsg}" + (f" (rid {rid})" if rid else ""))
        self.errcode = errcode
        self.errmsg = errmsg
        self.rid = rid


class NoRight(WeChatError):
    """The account's kind may not make this call, so it was not made. It reads like WeChat's own answer (48001)."""

    def __init__(self, right: str) -> None:
        """`right` is what is missing, in words."""
        super().__init__(NO_RIGHT, f"not called: this kind of account has no {right}")
