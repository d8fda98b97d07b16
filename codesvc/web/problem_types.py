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
        "The body is not a JSON object in UTF-8, or is nested too deeply; or what came is not an HTTP/1.1 request, as "
        "`detail` says.",
        "Send a JSON object with Content-Type: application/json, by an HTTP library.",
    ),
    ProblemType(
        "invalid",
        400,
        "A value is missing, unknown or not allowed",
        "`errors` lists each member by its JSON pointer. Unknown members are refused, so that a misspelt option never "
        "goes unnoticed.",
        "Correct the named members. The same request will fail again.",
    ),
    ProblemType(
        "unauthenticated",
        401,
        "The API key is missing or not known",
        "Calls need `Authorization: Bearer <site key>`; the service keeps only a hash of each key.",
        "Check the key and the deployment it belongs to. `codesvc keys new SITE` makes another.",
    ),
    ProblemType(
        "forbidden",
        403,
        "This key or origin may not do that",
        "The key lacks the scope named in `detail`, or a page on a foreign origin used a page token.",
        "Give the key the scope in the configuration, or add the origin to the site's `origins`.",
    ),
    ProblemType(
        "bad-signature",
        403,
        "The callback is not signed by WeChat",
        "The signature is missing, made with another token, or too old; or the body is not encrypted although the "
        "account is in safe mode.",
        "Compare Token, EncodingAESKey and mode in the WeChat console with the configuration, and the machine's clock.",
    ),
    ProblemType(
        "bad-callback",
        400,
        "The callback's body is not a WeChat message",
        "The XML is malformed, uses a document type, is too large, or is meant for another account.",
        "Nothing, if this did not come from WeChat. Otherwise compare appid and EncodingAESKey with the console.",
    ),
    ProblemType(
        "not-found",
        404,
        "There is nothing here",
        "It never existed, belongs to another site, or ended more than an hour ago.",
        "Check the id and the key's site. An ended verification can be read for one hour.",
    ),
    ProblemType(
        "method-not-allowed",
        405,
        "This address does not take that method",
        "`Allow` lists the methods it takes.",
        "See /docs for the calls there are.",
    ),
    ProblemType(
        "binding-conflict",
        409,
        "This user or WeChat account already has another binding",
        "The user is already bound to another WeChat account, or the WeChat account to another user of the site "
        f'(with `users_per_wechat = "many"`: to {MOST_USERS} of them). '
        "Nothing was changed and the proof is not spent.",
        'Ask the person. To move a user, repeat with `"replace": true`; a WeChat account that has another '
        "user must be unbound there first.",
    ),
    ProblemType(
        "registry-conflict",
        409,
        "What is there already stands in the way",
        "The name is taken, stands in the configuration file, or was a removed site's; or something depends on what "
        "would change. `detail` says which. Nothing was changed.",
        "Change what stands in the file there. For the rest take another name, or remove what depends on it first.",
    ),
    ProblemType(
        "intent-ended",
        410,
        "This bind intent or login is over",
        "It was answered, declined, canceled, or its few minutes are over; `intent_status` says which.",
        "Start another one.",
    ),
    ProblemType(
        "bad-ticket",
        422,
        "This ticket does not belong to this site, or not to this session",
        "It was changed, made for another site, or the state is not the one that the browser was sent back with. The "
        "last happens when a stranger slips a link of their own under a visitor who is logged in.",
        "Send the person back to the chat for a new link. Take the state from the session, never from the request.",
    ),
    ProblemType(
        "ticket-spent",
        410,
        "This ticket has been redeemed",
        "A ticket works exactly once.",
        "Ask for a new link in the chat.",
    ),
    ProblemType(
        "ticket-expired",
        410,
        "This ticket is over",
        "It lives ten minutes; three wrong digits end it sooner.",
        "Ask for a new link in the chat.",
    ),
    ProblemType(
        "verification-ended",
        410,
        "This verification is over",
        "`verification_status` says how: approved, expired, exhausted (attempts spent), canceled or superseded by a "
        "newer one.",
        "Start a new verification.",
    ),
    ProblemType(
        "proof-spent",
        410,
        "This proof has been used",
        "A proof works once: POST /v1/proofs/verify spends it unless told not to, and so does binding with it.",
        "To look first and bind later, verify with `consume: false`.",
    ),
    ProblemType(
        "proof-expired",
        410,
        "This proof is too old",
        "A proof is good for 10 minutes after approval.",
        "Start a new verification.",
    ),
    ProblemType(
        "slow-request",
        408,
        "The request did not arrive in time",
        "The body was not complete within `service.body_timeout` seconds (10, by default); nothing was done.",
        "Send it again, on a new connection.",
    ),
    ProblemType(
        "too-large",
        413,
        "The request is too large",
        "Bodies are limited; `metadata` may take 4 KiB of it.",
        "Send ids instead of data.",
    ),
    ProblemType(
        "compressed",
        415,
        "The body is compressed",
        "`Content-Encoding` names a compression. No call takes one; the body was not read and nothing was done.",
        "Send the body as it is, without `Content-Encoding`. A proxy that compresses requests must not do so here.",
    ),
    ProblemType(
        "wrong-code",
        422,
        "That is not the code",
        "The code is wrong, or has not gone to anybody yet. `attempts_left` says how often one may still try.",
        "Let the person compare the two letters of the page with those of the message, and type again.",
    ),
    ProblemType(
        "malformed-code",
        422,
        "That cannot be a code",
        "It has another length than the code, or characters that the code cannot have, or is nothing but blanks and "
        "punctuation. It was not counted as a guess: no attempt was taken, and no limit counts it.",
        "Let the person type the whole code as the message shows it. `code_length` and `code_digits` say how it looks.",
    ),
    ProblemType(
        "bad-proof",
        422,
        "This proof does not belong to this site",
        "It was changed, is for another site, was made by another service, or its verification is no longer known.",
        "Do not let the person in. Start a new verification.",
    ),
    ProblemType(
        "idempotency-mismatch",
        422,
        "This Idempotency-Key was used for another request",
        "A key stands for one request; with another body it is refused, so that neither of the two is lost unnoticed.",
        "Use a new key for a new request.",
    ),
    ProblemType(
        "rate-limited",
        429,
        "Too many, too fast",
        "`limit` names the limit that was reached; `RateLimit-Policy` and `RateLimit` say what it allows.",
        "Wait for `Retry-After` seconds.",
    ),
    ProblemType(
        "guess-budget",
        429,
        "Too many wrong codes",
        "Wrong codes are counted per user, per address and per site, over all verifications; a new code refunds "
        "nothing. The code was not looked at and no attempt was taken.",
        "Wait for `Retry-After` seconds. Whoever holds the bound WeChat account can go on by scan or keyword. "
        "If `limit` is `site_guesses`, any scan that brings this code helps, and a new start brings a longer code. A "
        "person you have identified by other means is freed by DELETE /v1/users/{user}/guesses.",
    ),
    ProblemType(
        "resend-too-soon",
        429,
        "The code was sent a moment ago",
        "A code can be sent again from `resend_at` on.",
        "Wait for `Retry-After` seconds, and tell the person to look at the chat.",
    ),
    ProblemType(
        "too-many-streams",
        429,
        "This page is open too often",
        "A page token may have 16 event streams open at once, all pages together half of what the process can hold. "
        "Those that are open go on.",
        "Read the state instead, every few seconds, as the page and the widget do by themselves; or close other tabs.",
    ),
    ProblemType(
        "internal",
        500,
        "Something went wrong on our side",
        "A fault of the service; it has been logged under the request id.",
        "Try again; if it stays, report the request id.",
    ),
    ProblemType(
        "unavailable",
        503,
        "The service cannot answer just now",
        "The store did not answer or cannot write. Limits are never lifted for that, so nothing is answered.",
        "Try again after `Retry-After` seconds. Use an Idempotency-Key, so that nothing happens twice.",
    ),
    ProblemType(
        "wechat-unavailable",
        503,
        "WeChat gave no QR code just now",
        "WeChat did not answer, the account gets no access token, or its quota is used up.",
        "Try again after `Retry-After` seconds, or let the person send the keyword instead.",
    ),
)

PROBLEMS: Final = {problem.name: problem for problem in _ALL}
