"""`/cgi-bin/get_current_autoreply_info`: the automatic replies that were set up in the console.

No call can set them; `autoreply` of the account does, with the members of the official page as they are.
"""

from codesvc.sandbox.api.call import Answer, Call, Endpoint


def get_rules(call: Call) -> Answer:
    """The rules; those of an account without any are switched off. A success has no errcode."""
    return {"is_add_friend_reply_open": 0, "is_autoreply_open": 0, **(call.account.spec.autoreply or {})}


ENDPOINTS = (Endpoint("/cgi-bin/get_current_autoreply_info", "GET", get_rules),)
