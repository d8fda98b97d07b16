"""Template management: `/cgi-bin/template/*` for messages, `/wxaapi/newtmpl/*` for notices (WECHAT.md 6.6, 7.2)."""

from typing import Any

from codesvc.sandbox.account import TemplateSpec
from codesvc.sandbox.api.call import OK, Answer, Call, Endpoint
from codesvc.sandbox.catalogue import CATEGORY, TITLES, compose_by_kids, compose_by_labels, compose_old
from codesvc.sandbox.clock import beijing_month
from codesvc.sandbox.errcodes import ApiError
from codesvc.sandbox.field_rule import field_type
from codesvc.sandbox.qrcode import read_integer
from codesvc.sandbox.rights import Right
from codesvc.sandbox.template import keys_of

INDUSTRIES: dict[str, tuple[str, str]] = {
    "1": ("IT科技", "互联网|电子商务"),
    "2": ("IT科技", "IT软件与服务"),
    "3": ("IT科技", "IT硬件与设备"),
    "4": ("IT科技", "电子技术"),
    "5": ("IT科技", "通信与运营商"),
    "6": ("IT科技", "网络游戏"),
    "7": ("金融业", "银行"),
    "8": ("金融业", "证券|基金|理财|信托"),
    "9": ("金融业", "保险"),
    "10": ("餐饮", "餐饮"),
    **{str(code): ("其他", f"行业{code}") for code in range(11, 41)},
    "41": ("其他", "其他"),
}
"""The industries of `api_set_industry`, by code (WECHAT.md 6.6; legacy templates only)."""


_MAX_TEMPLATES = 25
_MAX_SCENE_DESCRIPTION = 15


def list_templates(call: Call) -> Answer:
    """The account's message templates; a success has no errcode."""
    owned = [template for template in call.account.templates.values() if template.kind != "notice"]
    return {
        "template_list": [
            {
                "template_id": template.template_id,
                "title": template.title,
                "primary_industry": "IT科技" if template.kind == "legacy" else "",
                "deputy_industry": "互联网|电子商务" if template.kind == "legacy" else "",
                "content": template.content,
                "example": template.example,
            }
            for template in owned
        ]
    }


def add_template(call: Call) -> Answer:
    """Add a template from the library."""
    number = call.text("template_id_short")
    if number.isdigit():
        template = compose_by_labels(number, call.body.get("keyword_name_list"))
    elif call.account.spec.old_library:
        template = compose_old(number)
    else:
        raise ApiError(40037)
    _add(call, template)
    return {**OK, "template_id": template.template_id}


def delete_template(call: Call) -> Answer:
    """Remove a template."""
    _remove(call, call.text("template_id"), notice=False)
    return OK


def set_industry(call: Call) -> Answer:
    """Set the two industries; allowed once in a calendar month (Beijing time)."""
    chosen = call.text("industry_id1"), call.text("industry_id2")
    if any(code not in INDUSTRIES for code in chosen):
        raise ApiError(40102)
    month = beijing_month(call.now)
    if call.account.industry_month == month:
        raise ApiError(43100)
    call.account.industry, call.account.industry_month = chosen, month
    return OK


def get_industry(call: Call) -> Answer:
    """The two industries; a success has no errcode."""
    first, second = (INDUSTRIES[code] for code in call.account.industry)
    return {
        "primary_industry": {"first_class": first[0], "second_class": first[1]},
        "secondary_industry": {"first_class": second[0], "second_class": second[1]},
    }


def list_categories(_call: Call) -> Answer:
    """The account's category."""
    return {**OK, "data": [{"id": CATEGORY[0], "name": CATEGORY[1]}]}


def list_titles(call: Call) -> Answer:
    """Titles of the template library in the requested categories, paged by `start` and `limit`."""
    wanted = call.query.get("ids", "").split(",")
    start, limit = read_integer(call.query.get("start", "")), read_integer(call.query.get("limit", ""))
    if start is None or limit is None or limit < 1:
        raise ApiError(40035)
    titles = list(TITLES.values()) if str(CATEGORY[0]) in wanted else []
    data = [{"tid": int(t.number), "title": t.name, "type": 2, "categoryId": str(CATEGORY[0])} for t in titles]
    return {**OK, "count": len(data), "data": data[start : start + limit]}


def list_keywords(call: Call) -> Answer:
    """The fields that a template of one title can have. WeChat calls them keywords."""
    title = TITLES.get(call.query.get("tid", ""))
    if title is None:
        raise ApiError(40037)
    data = [{"kid": w.kid, "name": w.label, "example": w.example, "rule": w.kind} for w in title.keywords]
    return {**OK, "count": len(data), "data": data}


def list_notices(call: Call) -> Answer:
    """The account's notice templates."""
    return {**OK, "data": [_describe(t) for t in call.account.templates.values() if t.kind == "notice"]}


def add_notice(call: Call) -> Answer:
    """Add a notice template from the library."""
    if len(call.text("sceneDesc")) > _MAX_SCENE_DESCRIPTION:
        raise ApiError(40035)
    template = compose_by_kids(call.text("tid"), call.body.get("kidList"))
    _add(call, template)
    return {**OK, "priTmplId": template.template_id}


def delete_notice(call: Call) -> Answer:
    """Remove a notice template."""
    _remove(call, call.text("priTmplId"), notice=True)
    return OK


def _describe(template: TemplateSpec) -> dict[str, Any]:
    listed: list[dict[str, Any]] = [
        {"keywordCode": f"{key}.DATA", "enumValueList": list(template.enums.get(key, ()))}
        for key in keys_of(template.content)
        if field_type(key) in {"const", "enum"}
    ]
    return {
        "priTmplId": template.template_id,
        "title": template.title,
        "content": template.content,
        "example": template.example,
        "type": 3 if template.long_term else 2,
        "keywordEnumValueList": listed,
    }


def _add(call: Call, template: TemplateSpec) -> None:
    """Add a template to the account: at most 25 message templates and 25 notice templates; 45026 too many."""
    family = [t for t in call.account.templates.values() if (t.kind == "notice") == (template.kind == "notice")]
    if len(family) >= _MAX_TEMPLATES:
        raise ApiError(45026)
    call.account.templates[template.template_id] = template


def _remove(call: Call, template_id: str, *, notice: bool) -> None:
    """Remove a template of the account; 40037 no such template, or one of the other kind."""
    template = call.account.templates.get(template_id)
    if template is None or (template.kind == "notice") != notice:
        raise ApiError(40037)
    del call.account.templates[template_id]


ENDPOINTS = (
    Endpoint("/cgi-bin/template/get_all_private_template", "GET", list_templates, right=Right.TEMPLATE),
    Endpoint(
        "/cgi-bin/template/api_add_template", "POST", add_template, right=Right.TEMPLATE, errors="40037H 40246H 45026H"
    ),
    Endpoint("/cgi-bin/template/del_private_template", "POST", delete_template, right=Right.TEMPLATE, errors="40037H"),
    Endpoint("/cgi-bin/template/api_set_industry", "POST", set_industry, right=Right.TEMPLATE, errors="40102H 43100H"),
    Endpoint("/cgi-bin/template/get_industry", "GET", get_industry, right=Right.TEMPLATE),
    Endpoint("/wxaapi/newtmpl/getcategory", "GET", list_categories, right=Right.NOTICE),
    Endpoint("/wxaapi/newtmpl/getpubtemplatetitles", "GET", list_titles, right=Right.NOTICE, errors="40035?"),
    Endpoint("/wxaapi/newtmpl/getpubtemplatekeywords", "GET", list_keywords, right=Right.NOTICE, errors="40037?"),
    Endpoint("/wxaapi/newtmpl/gettemplate", "GET", list_notices, right=Right.NOTICE),
    Endpoint("/wxaapi/newtmpl/addtemplate", "POST", add_notice, right=Right.NOTICE, errors="40035? 40037? 45026?"),
    Endpoint("/wxaapi/newtmpl/deltemplate", "POST", delete_notice, right=Right.NOTICE, errors="40037?"),
)
