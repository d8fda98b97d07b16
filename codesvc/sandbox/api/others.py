"""The platform's paths that the sandbox does not imitate, so that a caller learns why a call failed.

The list has the roots and groups that the platform's documentation and its SDKs name. A path below one of them gets
40066 with "not imitated by this sandbox"; a path that is in neither list gets 40066 with "no such path".
"""

from typing import Final

_GROUPS: Final = (
    "/bizwifi/",
    "/card/",
    "/cgi-bin/account/",
    "/cgi-bin/aispeech/",
    "/cgi-bin/business/",
    "/cgi-bin/comment/",
    "/cgi-bin/component/",
    "/cgi-bin/customservice/",
    "/cgi-bin/draft/",
    "/cgi-bin/express/",
    "/cgi-bin/freepublish/",
    "/cgi-bin/groups/",
    "/cgi-bin/guide/",
    "/cgi-bin/material/",
    "/cgi-bin/media/",
    "/cgi-bin/message/",
    "/cgi-bin/open/",
    "/cgi-bin/poi/",
    "/cgi-bin/scene/",
    "/cgi-bin/soter/",
    "/cgi-bin/wxaapp/",
    "/cgi-bin/wxopen/",
    "/channels/",
    "/customservice/",
    "/cv/",
    "/datacube/",
    "/device/",
    "/hardware/",
    "/intp/",
    "/marketing/",
    "/merchant/",
    "/mmpaymkttransfers/",
    "/nontax/",
    "/pay/",
    "/payfeedback/",
    "/product/",
    "/publicpoi/",
    "/scan/",
    "/semantic/",
    "/shakearound/",
    "/shop/",
    "/sns/",
    "/store/",
    "/tcb/",
    "/v3/",
    "/wxa/",
    "/wxaapi/",
    "/xpay/",
)
_PATHS: Final = frozenset(
    {
        "/cgi-bin/shorturl",
        "/cgi-bin/showqrcode",
        "/cgi-bin/user/getusersummary",
        "/cgi-bin/verifycode/get",
    }
)
NOT_IMITATED: Final = "not imitated by this sandbox"
NO_SUCH_PATH: Final = "no such path"


def describe_other(path: str) -> str:
    """Why the sandbox has no answer for a path: `NOT_IMITATED` or `NO_SUCH_PATH`."""
    known = path in _PATHS or path.startswith(_GROUPS)
    return NOT_IMITATED if known else NO_SUCH_PATH
