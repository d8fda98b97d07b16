"""Personalised menus, and the menu that is in force (after WeChat's documentation)."""

from collections.abc import Mapping
from typing import Any

from codesvc.sandbox.api.call import OK, Answer, Call, Endpoint
from codesvc.sandbox.api.menu import MAX_BUTTONS, check_buttons
from codesvc.sandbox.errcodes import ApiError
from codesvc.sandbox.person import Contact
from codesvc.sandbox.rights import Right

_PRIVATE = ("sex", "country", "province", "city", "language")
_FIRST_ID = 208379533


def add_menu(call: Call) -> Answer:
    """Add a menu for the followers whom a rule matches; a success has no errcode.

    Since 2022 a rule may name a tag and the system of the phone; anything private is refused.
    """
    if call.account.menu is None:
        raise ApiError(65303)
    if "button" not in call.body:
        raise ApiError(65307)
    check_buttons(call.body["button"], MAX_BUTTONS, nested=True)
    rule = call.body.get("matchrule")
    rule = {name: value for name, value in rule.items() if value not in ("", None)} if isinstance(rule, Mapping) else {}
    if any(name in rule for name in _PRIVATE):
        raise ApiError(65320)
    if not rule.keys() & {"tag_id", "group_id", "client_platform_type"}:
        raise ApiError(65304)
    number = _FIRST_ID + call.account.menus_made
    call.account.menus_made += 1
    call.account.conditional_menus.append({"button": call.body["button"], "matchrule": rule, "menuid": number})
    return {"menuid": str(number)}  # a text here, and a number in the list, as in the platform's samples


def delete_menu(call: Call) -> Answer:
    """Remove one personalised menu."""
    menus = call.account.conditional_menus
    kept = [menu for menu in menus if str(menu["menuid"]) != call.text("menuid")]
    if len(kept) == len(menus):
        raise ApiError(65301)
    call.account.conditional_menus = kept
    return OK


def try_match(call: Call) -> Answer:
    """The menu that a follower sees, named by openid or by their WeChat name; a success has no errcode."""
    contact = _find(call, call.text("user_id"))
    if call.account.menu is None:
        raise ApiError(46003)
    for menu in reversed(call.account.conditional_menus):  # the newest comes first
        if _matches(menu["matchrule"], contact):
            return {"button": menu["button"]}
    return {"button": call.account.menu["button"]}


def get_current_menu(call: Call) -> Answer:
    """The menu in force, also one that was made in the console; a success has no errcode.

    Below a button, `sub_button` is an object with `list`, where `menu/get` has a list.
    """
    menu = call.account.menu
    if menu is None:
        return {"is_menu_open": 0, "selfmenu_info": {"button": []}}
    return {"is_menu_open": 1, "selfmenu_info": {"button": [_nested(button) for button in menu["button"]]}}


def _nested(button: Mapping[str, Any]) -> dict[str, Any]:
    if not button.get("sub_button"):
        return {name: value for name, value in button.items() if name != "sub_button"}
    return {"name": button["name"], "sub_button": {"list": [_nested(each) for each in button["sub_button"]]}}


def _find(call: Call, name: str) -> Contact:
    for contact in call.account.contacts.values():
        if name in {contact.openid, contact.person.name} and contact.follows:
            return contact
    raise ApiError(65302)


def _matches(rule: Mapping[str, Any], contact: Contact) -> bool:
    """Whether a rule matches; the phones of the sandbox have iOS, platform 1."""
    tag = rule.get("tag_id", rule.get("group_id"))
    if tag is not None and str(tag) not in map(str, contact.tags):
        return False
    return str(rule.get("client_platform_type", 1)) == "1"


ENDPOINTS = (
    Endpoint(
        "/cgi-bin/menu/addconditional",
        "POST",
        add_menu,
        right=Right.CONDITIONAL_MENU,
        errors="40016M 40017M 40018M 65303H 65304M 65307H 65320H",
    ),
    Endpoint("/cgi-bin/menu/delconditional", "POST", delete_menu, right=Right.CONDITIONAL_MENU, errors="65301H"),
    Endpoint("/cgi-bin/menu/trymatch", "POST", try_match, right=Right.CONDITIONAL_MENU, errors="46003? 65302H"),
    Endpoint("/cgi-bin/get_current_selfmenu_info", "GET", get_current_menu, right=Right.MENU),
)
