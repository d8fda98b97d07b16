"""The custom menu, which the phone page shows as buttons.

WECHAT.md does not cover menus. The rules are those of WeChat's public documentation of menus.
"""

from collections.abc import Mapping

from codesvc.sandbox.api.call import OK, Answer, Call, Endpoint
from codesvc.sandbox.errcodes import ApiError
from codesvc.sandbox.rights import Right

MAX_BUTTONS = 3
_MAX_SUB_BUTTONS = 5
_WITH_KEY = frozenset(
    {
        "click",
        "scancode_push",
        "scancode_waitmsg",
        "pic_sysphoto",
        "pic_photo_or_album",
        "pic_weixin",
        "location_select",
    }
)
_WITHOUT_KEY = frozenset({"view", "miniprogram", "media_id", "view_limited", "article_id", "article_view_limited"})


def create_menu(call: Call) -> Answer:
    """Replace the menu."""
    check_buttons(call.body.get("button"), MAX_BUTTONS, nested=True)
    call.account.menu = {"button": call.body["button"]}
    call.platform.event_bus.publish("menu", account=call.account.spec.appid)
    return OK


def get_menu(call: Call) -> Answer:
    """The menu and the personalised ones, newest first; 46003 if there is none."""
    if call.account.menu is None:
        raise ApiError(46003)
    conditional = call.account.conditional_menus
    return {"menu": call.account.menu, **({"conditionalmenu": conditional[::-1]} if conditional else {})}


def delete_menu(call: Call) -> Answer:
    """Remove the menu and all personalised menus."""
    call.account.menu = None
    call.account.conditional_menus.clear()
    call.platform.event_bus.publish("menu", account=call.account.spec.appid)
    return OK


def check_buttons(buttons: object, most: int, *, nested: bool) -> None:
    """Check the buttons of a menu.

    Raises:
        ApiError: wrong number of buttons 40016, type 40017, name 40018, key 40019, URL 40020.
    """
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= most:
        raise ApiError(40016)
    for button in buttons:
        if not isinstance(button, Mapping) or not isinstance(button.get("name"), str) or not button["name"]:
            raise ApiError(40018)
        if nested and button.get("sub_button"):
            check_buttons(button["sub_button"], _MAX_SUB_BUTTONS, nested=False)
            continue
        kind = button.get("type")
        if not isinstance(kind, str) or kind not in _WITH_KEY | _WITHOUT_KEY:
            raise ApiError(40017)
        if kind in _WITH_KEY and not isinstance(button.get("key"), str):
            raise ApiError(40019)
        if kind == "view" and not isinstance(button.get("url"), str):
            raise ApiError(40020)


ENDPOINTS = (
    Endpoint(
        "/cgi-bin/menu/create",
        "POST",
        create_menu,
        right=Right.MENU,
        errors="40016M 40017M 40018M 40019M 40020M 40033M",
    ),
    Endpoint("/cgi-bin/menu/get", "GET", get_menu, right=Right.MENU, errors="46003M"),
    Endpoint("/cgi-bin/menu/delete", "GET", delete_menu, right=Right.MENU),
)
