"""The types of answers about health, the test clock and the events of another back end."""

from typing import Annotated

from codesvc.client.schema.answer import Answer, Time, described


class Front(Answer, frozen=True, kw_only=True):
    """The service that answers at this address, for programs."""

    service: Annotated[str, described("its name", example="codesvc")]
    reference: Annotated[str, described("where its reference stands, to read", example="/docs")]
    contract: Annotated[str, described("where the same stands for programs, as OpenAPI", example="/openapi.json")]


class Health(Answer, frozen=True, kw_only=True):
    """The process runs."""

    status: Annotated[str, described("ok", example="ok")]


class Component(Answer, frozen=True, kw_only=True):
    """One part around the process, and how it is."""

    component: Annotated[str, described("store, wechat:{account}, descriptors or proxies", example="wechat:main")]
    state: Annotated[str, described("ok, or what is wrong in a word or two", example="timeout")]
    means: Annotated[str, described("what that means for callers")]


class Readiness(Answer, frozen=True, kw_only=True):
    """Whether the process can do its work."""

    status: Annotated[str, described("ready or unavailable", values=("ready", "unavailable"), example="ready")]
    store: Annotated[str, described("what the store said", example="ok")]
    components: Annotated[list[Component] | None, described("every part; for operators only, as /metrics is")] = None


class Clock(Answer, frozen=True, kw_only=True):
    """The service's time, in test mode."""

    offset: Annotated[float, described("how far it is ahead, seconds", example=60.0)]
    now: Time


class Heard(Answer, frozen=True, kw_only=True):
    """What a push meant to the service."""

    ours: Annotated[bool, described("whether the push was meant for the service")]
    reply: Annotated[str | None, described("what you may say in the chat; never a code or a link")]
