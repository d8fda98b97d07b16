"""All problem types (RFC 9457), each with name, status, title, meaning and remedy.

The pages `/problems/{name}` are made from this table, so every problem type has an explanation.
"""

from dataclasses import dataclass
from typing import Final

from codesvc.domain.binding import MOST_USERS


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One kind of error.

    Attributes:
        name: the last part of its `type` URI.
        status: the HTTP status.
        title: what happened; the same text for every occurrence.
        meaning: why it happens.
        remedy: what to do.
    """

    name: str
    status: int
    title: str
    meaning: str
    remedy: str


_ALL: Final = (
    ProblemType(
        "malformed",
        400,
        "The request could not be read",
        "The body is not a JSON object in UTF-8, or is nested too deeply; or the request is not valid HTTP/1.1. "
        "`detail` says which.",
        "Use an HTTP library to send a JSON object with Content-Type: application/json.",
    ),
    ProblemType(
        "invalid",
        400,
        "A value is missing, unknown or not allowed",
        "`errors` names the first one by its JSON pointer. Unknown members are refused, so that a misspelt option is "
        "never ignored silently.",
        "Correct these members. The same request will fail again.",
    ),
    ProblemType(
        "unauthenticated",
        401,
        "The API key is missing or unknown",
        "Calls need `Authorization: Bearer <site key>`. The service stores only a hash of each key.",
        "Check the key and which deployment it belongs to. `codesvc keys new SITE` creates a new one.",
    ),
    ProblemType(
        "forbidden",
        403,
        "This key or origin is not allowed to do this",
        "The key lacks the scope named in `detail`, or a page on another origin used a page token.",
        "Give the key the scope in the configuration, or add the origin to the site's `origins`.",
    ),
    ProblemType(
        "bad-signature",
        403,
        "The callback is not signed by WeChat",
        "The signature is missing, was made with a different token, or is too old; or the body is not encrypted "
        "although the account is in safe mode.",
        "Compare Token, EncodingAESKey and mode in the WeChat console with the configuration, and check the machine's "
        "clock.",
    ),
    ProblemType(
        "bad-callback",
        400,
        "The callback's body is not a WeChat message",
        "The XML is malformed, uses a document type, is too large, or is for another account.",
        "If it did not come from WeChat, do nothing. Otherwise compare appid and EncodingAESKey with the console.",
    ),
    ProblemType(
        "not-found",
        404,
        "Not found",
        "It never existed, belongs to another site, or ended more than an hour ago.",
        "Check the id and the key's site. A verification can be read for one hour after it has ended.",
    ),
    ProblemType(
        "method-not-allowed",
        405,
        "This address does not allow this method",
        "`Allow` lists the allowed methods.",
        "See /docs for all calls.",
    ),
    ProblemType(
        "binding-conflict",
        409,
        "This user or WeChat account already has another binding",
        "The user is already bound to another WeChat account, or the WeChat account to another user of the site "
        f'(with `users_per_wechat = "many"`: to {MOST_USERS} of them). '
        "Nothing was changed, and the proof was not spent.",
        'Ask the person. To move the user, repeat with `"replace": true`. A WeChat account that has another user '
        "must first be unbound from that user.",
    ),
    ProblemType(
        "registry-conflict",
        409,
        "This conflicts with an existing entry",
        "The name is taken, is in the configuration file, or belonged to a site that is gone; or another entry depends "
        "on this one. `detail` says which. Nothing was changed.",
        "Change an entry of the configuration file there. Otherwise choose another name, or first remove what depends "
        "on the entry.",
    ),
    ProblemType(
        "intent-ended",
        410,
        "This bind intent or login has ended",
        "It was confirmed, declined or canceled, or it has expired. `intent_status` says which.",
        "Start a new one.",
    ),
    ProblemType(
        "bad-ticket",
        422,
        "This ticket does not belong to this site or session",
        "It was altered, was made for another site, or the state is not the one with which the browser was sent back. "
        "The last can mean that an attacker has given their own link to a visitor who is logged in.",
        "Send the person back to the chat for a new link. Take the state from the session, never from the request.",
    ),
    ProblemType(
        "ticket-spent",
        410,
        "This ticket has been redeemed",
        "A ticket can be used only once.",
        "Ask for a new link in the chat.",
    ),
    ProblemType(
        "ticket-expired",
        410,
        "This ticket has expired",
        "A ticket is valid for ten minutes, and ends early after three wrong codes.",
        "Ask for a new link in the chat.",
    ),
    ProblemType(
        "verification-ended",
        410,
        "This verification has ended",
        "`verification_status` says how: approved, expired, exhausted (no attempts left), canceled or superseded by a "
        "newer one.",
        "Start a new verification.",
    ),
    ProblemType(
        "proof-spent",
        410,
        "This proof has been used",
        "A proof works once. POST /v1/proofs/verify spends it by default, and so does binding with it.",
        "To look at a proof first and bind later, verify the proof with `consume: false`.",
    ),
    ProblemType(
        "proof-expired",
        410,
        "This proof has expired",
        "A proof is valid for 10 minutes after approval, unless the user is unbound or replies “this wasn't me”.",
        "Start a new verification.",
    ),
    ProblemType(
        "slow-request",
        408,
        "The request did not arrive in time",
        "The body was not complete within `service.body_timeout` seconds (10 by default). Nothing was done.",
        "Send the request again on a new connection.",
    ),
    ProblemType(
        "too-large",
        413,
        "The request is too large",
        "The size of the body is limited; `metadata` can have at most 4 KiB.",
        "Send ids instead of data.",
    ),
    ProblemType(
        "compressed",
        415,
        "The body is compressed",
        "`Content-Encoding` names a compression, which no call accepts. The body was not read, and nothing was done.",
        "Send the body uncompressed, without `Content-Encoding`. Turn off compression of requests in any proxy.",
    ),
    ProblemType(
        "wrong-code",
        422,
        "The code is wrong",
        "The code is wrong, or has not been sent to anyone yet. `attempts_left` is the number of attempts left.",
        "Ask the person to compare the two letters on the page with those in the message, and to try again.",
    ),
    ProblemType(
        "malformed-code",
        422,
        "This is not a possible code",
        "It has the wrong length, characters that a code cannot have, or only spaces and punctuation. It was not "
        "counted as a guess: it used no attempt and counts towards no limit.",
        "Ask the person to enter the whole code as shown in the message. `code_length` and `code_digits` describe it.",
    ),
    ProblemType(
        "bad-proof",
        422,
        "This proof does not belong to this site",
        "It was altered, is for another site, was made by another service, or its verification is no longer known.",
        "Do not let the person in. Start a new verification.",
    ),
    ProblemType(
        "idempotency-mismatch",
        422,
        "This Idempotency-Key was used for another request",
        "A key belongs to one request. With a different body it is refused, so that neither request is lost silently.",
        "Use a new key for each new request.",
    ),
    ProblemType(
        "rate-limited",
        429,
        "Too many requests",
        "`limit` names the limit that was reached; `RateLimit-Policy` and `RateLimit` say what it allows.",
        "Wait `Retry-After` seconds.",
    ),
    ProblemType(
        "guess-budget",
        429,
        "Too many wrong codes",
        "Wrong codes are counted per user, per address and per site, across all verifications; a new code "
        "does not reset "
        "the count. The code was not checked, and no attempt was used.",
        "Wait `Retry-After` seconds. The holder of the bound WeChat account can continue by scan or keyword. If "
        "`limit` is `site_guesses`, any scan for this code helps, and a new start makes a longer code. For a person "
        "you have identified by other means, call DELETE /v1/users/{user}/guesses.",
    ),
    ProblemType(
        "resend-too-soon",
        429,
        "The code was sent a moment ago",
        "A code can be resent from `resend_at` on.",
        "Wait `Retry-After` seconds, and ask the person to check the chat.",
    ),
    ProblemType(
        "too-many-streams",
        429,
        "Too many event streams are open",
        "A page token can have 16 event streams open at once, and all pages together half of the process's capacity. "
        "Open streams continue.",
        "Read the state every few seconds instead, as the page and the widget do; or close other tabs.",
    ),
    ProblemType(
        "too-many-calls",
        429,
        "Too many calls of this site are under way",
        "Each process works on 32 calls of a site at a time; up to 992 more wait, for two seconds at most. "
        "Nothing was done.",
        "Wait `Retry-After` seconds, and make fewer calls at once.",
    ),
    ProblemType(
        "internal",
        500,
        "Something went wrong on our side",
        "This is an error in the service. It was logged with the request id.",
        "Try again. If it persists, report the request id.",
    ),
    ProblemType(
        "unavailable",
        503,
        "The service is temporarily unavailable",
        "The store did not answer or cannot write. Limits must still be enforced, so the call was refused.",
        "Try again after `Retry-After` seconds. Use an Idempotency-Key, so that nothing happens twice.",
    ),
    ProblemType(
        "wechat-unavailable",
        503,
        "WeChat did not provide a QR code",
        "WeChat did not answer, the account has no access token, or its quota is used up.",
        "Try again after `Retry-After` seconds, or ask the person to send the keyword instead.",
    ),
)

PROBLEMS: Final = {problem.name: problem for problem in _ALL}
