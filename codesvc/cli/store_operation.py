"""What a command does with the store, and how it ends if that fails."""

import sys
from collections.abc import Coroutine
from typing import Any

from redis.exceptions import RedisError

from codesvc.domain.errors import CodesvcError, in_words
from codesvc.runtime import http_server


def run_operation(name: str, operation: Coroutine[Any, Any, int], *also: type[Exception]) -> int:
    """Run it; returns its exit status, or 1 after a line on the standard error output that says what failed.

    Args:
        name: how the command is called.
        operation: does it.
        also: errors, besides ours, the system's and the store's, whose text is for people.
    """
    refusals: tuple[type[Exception], ...] = (CodesvcError, OSError, RedisError, *also)
    try:
        return http_server.run(operation)
    except refusals as error:
        sys.stderr.write(f"codesvc {name}: {in_words(error)}\n")
        return 1
