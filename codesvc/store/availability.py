"""The error of a store that does not answer, for calls of redis-py that are not scripts."""

from redis.exceptions import RedisError

from codesvc.domain.errors import StoreUnavailable


class OrUnavailable:
    """Inside its block, an error of redis-py or of the network becomes `StoreUnavailable`.

    Args:
        failure: what could not be done, for the text of the error.
    """

    def __init__(self, failure: str) -> None:
        self._failure = failure

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """Raise `StoreUnavailable` in the error's place."""
        if isinstance(error, RedisError | OSError):
            raise StoreUnavailable(f"{self._failure} ({type(error).__name__})") from None
