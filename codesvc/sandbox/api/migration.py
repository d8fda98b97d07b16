"""`/cgi-bin/changeopenid`: the openids that the followers of a migrated account have in the new one."""

from codesvc.sandbox.api.call import OK, Answer, Call, Endpoint
from codesvc.sandbox.errcodes import ApiError
from codesvc.sandbox.migration import ASKABLE_SECONDS

_MAX_BATCH = 100


def change_openids(call: Call) -> Answer:
    """Convert up to 100 openids of the old account; the token is that of the new one.

    An openid whose owner did not follow the old account when the review of the migration ended gets `ori_openid error`
    and no successor.

    Raises:
        ApiError: 40032 for no or too many openids; -1 if nothing is migrating, or the 15 days are over; 63178 if the
            old account is another, or the administrators have not confirmed yet.
    """
    listed = call.body.get("openid_list")
    if not isinstance(listed, list) or not 1 <= len(listed) <= _MAX_BATCH:
        raise ApiError(40032)
    migration = call.account.migration
    if migration is None or call.now - migration.ended_at >= ASKABLE_SECONDS:
        raise ApiError(-1)
    if call.text("from_appid") != migration.name or not migration.confirmed:
        raise ApiError(63178)
    results = []
    for openid in listed:
        new = migration.successors.get(openid) if isinstance(openid, str) else None
        found = {"new_openid": new, "err_msg": "ok"} if new else {"err_msg": "ori_openid error"}
        results.append({"ori_openid": openid, **found})
    return {**OK, "result_list": results}


ENDPOINTS = (Endpoint("/cgi-bin/changeopenid", "POST", change_openids, errors="40032H 63178M -1M"),)
