"""What to do about a fault of the configuration: the command that makes a missing secret, or where to read. No I/O."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from codesvc.config.faults import Fault

_CONSOLE: Final = "WeChat's console, 设置与开发 > 开发接口管理 > 基本配置"
_MASTER_KEY: Final = (
    'Make one: (umask 077; openssl rand -base64 48 > master-key), then master_key_file = "master-key" under [secrets].'
)
_SUBJECT_KEY: Final = (
    'Make one: (umask 077; openssl rand -base64 48 > oidc-subject-key), then subject_key_file = "oidc-subject-key" '
    "under [oidc]. Keep a backup, and never change it: apps recognise people by it."
)
_BY_OPTION: Final = (
    (r"secrets\.(previous_)?master_keys?", _MASTER_KEY),
    (
        r"accounts\.[^.]+\.token",
        "Make one: openssl rand -hex 16. Enter the same value in " + _CONSOLE + " > 服务器配置 (Token).",
    ),
    (
        r"accounts\.[^.]+\.(previous_)?aes_key",
        "Copy the 43 characters of EncodingAESKey from " + _CONSOLE + " > 服务器配置; 随机生成 generates one.",
    ),
    (
        r"accounts\.[^.]+\.secret",
        "Copy the AppSecret from " + _CONSOLE + "; it is shown only once, 重置 generates another.",
    ),
    (r"accounts\.[^.]+\.appid", "Copy the AppID from " + _CONSOLE + ": wx followed by 16 digits or letters a to f."),
    (r"accounts\.[^.]+\.original_id", "Copy 原始ID (gh_…) from WeChat's console, 设置与开发 > 公众号设置."),
    (
        r"sites\.[^.]+\.keys.*",
        "Make a key: codesvc keys new SITE. Add the line it prints to the list of keys.",
    ),
    (r"sites\.[^.]+\.webhook\.secrets.*", "Make one: codesvc webhooks secret."),
    (
        r"oidc\.subject_key|sites\.[^.]+\.oidc",
        _SUBJECT_KEY,
    ),
    (r"sites\.[^.]+\.oidc\.clients.*\.secrets.*", "Make one: codesvc oidc secret."),
    (r"admin\.operators.*", "Make the line: codesvc admin password --generate."),
)
_REFERENCE: Final = "See config.example.toml for the option's values."


def remedy_of(fault: Fault) -> str:
    """What to do."""
    if fault.remedy:
        return fault.remedy
    where = re.sub(r"_file$|_files$", "", fault.where)
    return next((remedy for pattern, remedy in _BY_OPTION if re.fullmatch(pattern, where)), _REFERENCE)
