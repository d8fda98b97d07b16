"""The messages that the shop shows after a form was sent, by key; a problem of the service uses its name as key."""

from collections.abc import Mapping
from typing import Final

from codesvc.demo.languages import mark

NOTICES: Final[Mapping[str, str]] = {
    "welcome": mark("Your account is ready. Welcome to Moonhill Tea."),
    "password-changed": mark("Your password is changed and you are logged in."),
    "unbound": mark("Your WeChat is no longer linked."),
    "bound": mark("Your WeChat is linked; codes will reach you there."),
    "not-bound": mark("No WeChat account was linked; nothing has changed."),
    "log-in-first": mark("Log in to link your WeChat."),
    "bad-ticket": mark("This link does not belong to this browser. Please ask for a new one in the chat."),
    "ticket-spent": mark("This link has been used."),
    "ticket-expired": mark("This link has expired. Please ask for a new one."),
    "bad-name": mark("A user name has 2 to 32 characters: letters, digits and _ . -"),
    "bad-password": mark("A password has at least 8 characters."),
    "name-taken": mark("This user name is taken. Please choose another."),
    "wrong-login": mark("Wrong user name or password."),
    "wrong-password": mark("Wrong password."),
    "stale-form": mark("This page has expired. Please try again."),
    "foreign-return": mark("This verification was not started in this browser. Please start again."),
    "not-approved": mark("The verification was not finished. Please start again."),
    # The identity system.
    "code-sent": mark("The code is on its way."),
    "bad-phone": mark("This is not a phone number."),
    "wrong-code": mark("Wrong code."),
    "signed-in": mark("You are signed in."),
    "mode-shadow": mark("Shadow mode: everything goes by SMS."),
    "mode-live": mark("Live: WeChat first, SMS last."),
    # Problem types of the service.
    "binding-conflict": mark(
        "This WeChat account is linked to another user name. Please log in with that one, or reset its password."
    ),
    "rate-limited": mark("Too many requests. Please try again later."),
    "proof-spent": mark("This verification has been used. Please start again."),
    "proof-expired": mark("This verification is too old. Please start again."),
    "not-found": mark("The verification has ended. Please start again."),
    "unavailable": mark("Verification is not available right now. Please try again soon."),
}
