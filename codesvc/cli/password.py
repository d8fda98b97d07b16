"""`codesvc admin password`: makes the configuration's hash line for an operator's password."""

from __future__ import annotations

import getpass
import hmac
import secrets
import sys
from typing import TYPE_CHECKING

from codesvc.domain.passwords import SHORTEST, new_password, password_line

if TYPE_CHECKING:
    import argparse


def make_password(arguments: argparse.Namespace) -> int:
    """Ask for a password twice, or generate one, and print the line for the configuration."""
    if arguments.generate:
        password = new_password()
        sys.stdout.write(f"The password, shown only once:\n  {password}\n")
    else:
        password = getpass.getpass(f"Password (at least {SHORTEST} characters): ")
        if not hmac.compare_digest(password.encode(), getpass.getpass("Again: ").encode()):
            sys.stderr.write("codesvc admin password: the two passwords differ\n")
            return 2
    try:
        line = password_line(password, secrets.token_bytes(16))
    except ValueError as error:
        sys.stderr.write(f"codesvc admin password: {error}\n")
        return 2
    sys.stdout.write(f'For the configuration, under [admin.operators.NAME]:\n  password = "{line}"\n')
    return 0
