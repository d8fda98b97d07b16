"""Agents of customer service and their sessions with followers (after WeChat's documentation).

On the real platform an agent accepts an invitation in WeChat. Here an invited agent has accepted at once, and
is online.
"""

from dataclasses import dataclass, field

from codesvc.sandbox.errcodes import ApiError

_MAX_AGENTS = 100
_MAX_NICKNAME = 16
_FIRST_ID = 1001


@dataclass
class Agent:
    """One agent; `wechat` is empty until they were invited."""

    account: str
    number: int
    nickname: str
    wechat: str = ""


@dataclass
class Agents:
    """The agents of one account.

    Attributes:
        sessions: the agent of each follower with a session, with the time of its beginning.
        waiting: when a follower was handed over to customer service, by openid.
    """

    sessions: dict[str, tuple[str, float]] = field(default_factory=dict)
    waiting: dict[str, float] = field(default_factory=dict)
    _agents: dict[str, Agent] = field(default_factory=dict)
    _last: int = _FIRST_ID - 1

    def all(self) -> list[Agent]:
        """All agents."""
        return list(self._agents.values())

    def add(self, account: str, nickname: str) -> None:
        """Make an agent.

        Raises:
            ApiError: 65404 no `name@account`, 65403 a nickname of a wrong length, 65406 they exist, 65405 too many.
        """
        name, _, rest = account.partition("@")
        if not (name.isascii() and name.isalnum() and rest):
            raise ApiError(65404)
        if not 1 <= len(nickname) <= _MAX_NICKNAME:
            raise ApiError(65403)
        if account in self._agents:
            raise ApiError(65406)
        if len(self._agents) >= _MAX_AGENTS:
            raise ApiError(65405)
        self._last += 1
        self._agents[account] = Agent(account, self._last, nickname)

    def find(self, account: str) -> Agent:
        """An agent; 65401."""
        if account not in self._agents:
            raise ApiError(65401)
        return self._agents[account]

    def invite(self, account: str, wechat: str) -> None:
        """Bind an agent to a WeChat account; 65401 unknown, 65407 they are bound already, 40035 no WeChat named."""
        agent = self.find(account)
        if not wechat:
            raise ApiError(40035)
        if agent.wechat:
            raise ApiError(65407)
        agent.wechat = wechat

    def rename(self, account: str, nickname: str) -> None:
        """Give an agent another nickname; 65401, 65403."""
        agent = self.find(account)
        if not 1 <= len(nickname) <= _MAX_NICKNAME:
            raise ApiError(65403)
        agent.nickname = nickname

    def remove(self, account: str) -> None:
        """Remove an agent with their sessions; 65401."""
        del self._agents[self.find(account).account]
        self.sessions = {openid: session for openid, session in self.sessions.items() if session[0] != account}

    def open(self, account: str, openid: str, now: float) -> None:
        """Begin a session.

        Raises:
            ApiError: 65401 unknown agent, 65402 not bound to a WeChat account, 65414 another agent has the follower.
        """
        if not self.find(account).wechat:
            raise ApiError(65402)
        held = self.sessions.get(openid)
        if held is not None and held[0] != account:
            raise ApiError(65414)
        self.waiting.pop(openid, None)
        self.sessions.setdefault(openid, (account, now))

    def close(self, account: str, openid: str) -> None:
        """End a session; 65401 unknown agent, 65413 no such session."""
        self.find(account)
        if self.sessions.get(openid, ("", 0.0))[0] != account:
            raise ApiError(65413)
        del self.sessions[openid]
