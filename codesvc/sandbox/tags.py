"""The tags of an account's followers, with WeChat's limits for accounts and followers (WeChat's page about tags)."""

from dataclasses import dataclass, field

from codesvc.sandbox.errcodes import ApiError

_STARRED = 2
_RESERVED = (0, 1, _STARRED)
_FIRST_ID = 100
_MAX_TAGS = 100
_MAX_NAME_BYTES = 30
_MAX_DELETED_FOLLOWERS = 100_000
MAX_TAGS_PER_FOLLOWER = 20


@dataclass
class Tags:
    """The tags of one account, by id. Every account has the tag 星标组 for starred followers; it cannot be changed."""

    _names: dict[int, str] = field(default_factory=lambda: {_STARRED: "星标组"})
    _last_id: int = _FIRST_ID - 1

    def names(self) -> dict[int, str]:
        """All tags in the order of their ids."""
        return dict(sorted(self._names.items()))

    def create(self, name: str) -> int:
        """Make a tag; returns its id.

        Raises:
            ApiError: 45157 the name is empty or taken, 45158 it is longer than 30 bytes, 45056 there are 100 tags.
        """
        self._check(name)
        if len(self._names) - 1 >= _MAX_TAGS:
            raise ApiError(45056)
        self._last_id += 1
        self._names[self._last_id] = name
        return self._last_id

    def rename(self, tag: object, name: str) -> None:
        """Give a tag another name; 45058 a reserved tag, 45159 an unknown one, 45157 and 45158 as in `create`."""
        number = self.require_changeable(tag)
        if self._names[number] != name:
            self._check(name)
        self._names[number] = name

    def delete(self, number: int, followers: int) -> None:
        """Remove a tag.

        Args:
            number: the id, as `require_changeable` returned it.
            followers: how many followers have the tag.

        Raises:
            ApiError: 45057 more than 100,000 followers have it.
        """
        if followers > _MAX_DELETED_FOLLOWERS:
            raise ApiError(45057)
        del self._names[number]

    def require_known(self, tag: object) -> int:
        """The id of an existing tag; 45159."""
        number = int(tag) if isinstance(tag, str) and tag.isascii() and tag.isdigit() else tag
        if isinstance(number, bool) or not isinstance(number, int) or number not in self._names:
            raise ApiError(45159)
        return number

    def require_changeable(self, tag: object) -> int:
        """The id of a tag that may be changed; 45058, 45159."""
        if tag in (*_RESERVED, *map(str, _RESERVED)):
            raise ApiError(45058)
        return self.require_known(tag)

    def _check(self, name: str) -> None:
        if not name or name in self._names.values():
            raise ApiError(45157)
        if len(name.encode("utf-8", "surrogatepass")) > _MAX_NAME_BYTES:
            raise ApiError(45158)
