"""The base of all answers: immutable, tolerant of unknown members, with secrets hidden in the repr."""

from datetime import datetime
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

Time = Annotated[datetime, Meta(tz=True)]
"""RFC 3339, always in UTC."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One JSON object that the service answers.

    A member with the default None may be left out; one without a default is always there. Members that are not known
    here are ignored, because a newer service may send some.
    """

    secret: ClassVar[frozenset[str]] = frozenset()
    """Members whose values are not in the repr, because they give rights to their holder."""

    def __repr__(self) -> str:
        shown = (
            f"{name}=…" if name in self.secret and getattr(self, name) else f"{name}={getattr(self, name)!r}"
            for name in self.__struct_fields__
        )
        return f"{type(self).__name__}({', '.join(shown)})"


def described(description: str, *, example: Any = None, values: tuple[str, ...] = ()) -> Meta:
    """The published description of a member.

    Args:
        description: one sentence.
        example: a value it may have.
        values: the values that it may have today. They are published, not enforced: a client must survive a new one.
    """
    extra: dict[str, Any] = {"enum": list(values)} if values else {}
    return Meta(
        description=description, examples=[example] if example is not None else None, extra_json_schema=extra or None
    )
