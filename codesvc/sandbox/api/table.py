"""The whole API table."""

from codesvc.sandbox.api import library, menu, message, migration, notice, qrcode, quota, sns, template, token, user
from codesvc.sandbox.api.call import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = (
    *token.ENDPOINTS,
    *quota.ENDPOINTS,
    *qrcode.ENDPOINTS,
    *template.ENDPOINTS,
    *library.ENDPOINTS,
    *message.ENDPOINTS,
    *notice.ENDPOINTS,
    *user.ENDPOINTS,
    *migration.ENDPOINTS,
    *menu.ENDPOINTS,
    *sns.ENDPOINTS,
)
