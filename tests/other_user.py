"""Another user of this machine, who listens where nobody else does."""

import errno
import socket

import pytest


def listening_at_the_other(port):
    """A socket at [::1], for a service that is to listen at 127.0.0.1."""
    try:
        return socket.create_server(("::1", port), family=socket.AF_INET6)
    except OSError as error:
        if error.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
            pytest.skip("NOT TESTED: this machine has no IPv6")
        raise
