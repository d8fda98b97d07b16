"""What can go wrong at the border to WeChat, sorted by whose fault it is and by what may have happened.

The first question after a failure is never "which library raised" but "did anything leave this machine" and "who did
wrong". So the tree answers just that:

- `BadCallback`: the caller of our callback did wrong; answer 403 (or 400) and keep nothing.
- `NotSent`: nothing was done; the same act may be repeated at once.
- `OutcomeUnknown`: WeChat may have acted; repeat only under the same `client_msg_id`.
- `WeChatError`: WeChat answered, and the answer was no; `triage` says what that means.
- `BadKeys`: our own configuration.

No message here ever holds a token, a secret, an openid, a key, or an address with a query.
"""

from codesvc.domain.errors import CodesvcError


class WeChatFault(CodesvcError):
    """Anything that went wrong between us and WeChat."""


class BadKeys(WeChatFault):
    """Our own configuration: an AES key that is not 43 characters of base64."""


class BadCallback(WeChatFault):
    """The peer did wrong: what reached the callback is not a well-made push of this account."""


class BadSignature(BadCallback):
    """The signature is missing or made with another token."""


class StaleCallback(BadCallback):
    """Properly formed, but its timestamp lies outside the window: an old push played again, or a wrong clock."""


class BadEnvelope(BadCallback):
    """The outer body: too large, not XML, not encrypted where it must be, or not decryptable with our keys."""


class BadMessage(BadCallback):
    """The message itself: not WeChat's XML, an element missing or doubled, or meant for another account."""


class NotSent(WeChatFault):
    """Nothing was asked of WeChat, so repeating is safe."""


class WeChatUnreachable(NotSent):
    """No connection: refused, or nobody there in time."""


class NameNotResolved(WeChatUnreachable):
    """No connection: nobody knows an address of that name."""


class NotTrusted(WeChatUnreachable):
    """No connection: whoever answered showed no certificate that is valid for that name."""


class TokenUnavailable(NotSent):
    """No access token could be had, so the call was not made.

    Attributes:
        errcode: what the token endpoint answered, or None if it did not answer. See `triage.judge_token`.
    """

    def __init__(self, text: str, *, errcode: int | None = None) -> None:
        """Keep the errcode for triage."""
        super().__init__(text)
        self.errcode = errcode


class TokenRefused(TokenUnavailable):
    """WeChat refuses a token that was fetched a moment ago; fetching again would only turn the wheel faster."""


class OutcomeUnknown(WeChatFault):
    """The request may have been carried out: repeat it only under the same `client_msg_id`."""


class WeChatTimeout(OutcomeUnknown):
    """Bytes were (or may have been) sent, and no whole answer came back: too slow, reset, or closed."""


class Garbled(OutcomeUnknown):
    """An answer came, but it is not one: an HTTP error, truncated JSON, too large, or without what was asked for."""


class WeChatError(WeChatFault):
    """WeChat answered with an errcode other than 0 (WECHAT.md 2).

    Attributes:
        errcode: the code; `triage.judge` says what to do.
        errmsg: WeChat's text, shortened, long opaque words (tokens, openids) blotted out. For people, never to compare.
        rid: WeChat's id of the request (three groups of 8 hex digits), or None.
    """

    def __init__(self, errcode: int, errmsg: str = "", rid: str | None = None) -> None:
        """Take an already cleaned `errmsg`."""
        super().__init__(f"errcode {errcode}: {errmsg}" + (f" (rid {rid})" if rid else ""))
        self.errcode = errcode
        self.errmsg = errmsg
        self.rid = rid
