"""The types of answers about health, the test clock and the events of another back end."""

from typing import Annotated

from codesvc.client.schema.answer import Answer, Time, described


class Front(Answer, frozen=True, kw_only=True):
    """The service that answers at this address, for programs."""

    service: Annotated[str, described("its name", example="codesvc")]
    reference: Annotated[str, described("the address of its reference, as a page", example="/docs")]
    contract: Annotated[str, described("the address of its reference, as OpenAPI", example="/openapi.json")]


class Health(Answer, frozen=True, kw_only=True):
    """The process runs."""

    status: Annotated[str, described("ok", example="ok")]


class Component(Answer, frozen=True, kw_only=True):
    """A component that the process depends on, and its state."""

    component: Annotated[
        str,
        described(
            "store, wechat:{account}, descriptors, proxies, webhook_proxy, certificate or callbacks:{account}",
            example="wechat:main",
        ),
    ]
    state: Annotated[str, described("ok, or the problem in a word or two", example="timeout")]
    means: Annotated[str, described("what the state means for callers")]


class Readiness(Answer, frozen=True, kw_only=True):
    """Whether the process is ready to serve."""

    status: Annotated[str, described("ready or unavailable", values=("ready", "unavailable"), example="ready")]
    store: Annotated[str, described("the store's state", example="ok")]
    components: Annotated[list[Component] | None, described("every component; only for operators, like /metrics")] = (
        None
    )


class Clock(Answer, frozen=True, kw_only=True):
    """The service's clock in test mode."""

    offset: Annotated[float, described("seconds that it is ahead", example=60.0)]
    now: Time


class Heard(Answer, frozen=True, kw_only=True):
    """The result of a forwarded push."""

    ours: Annotated[bool, described("whether the push was meant for the service")]
    reply: Annotated[str | None, described("what you can reply in the chat; never a code or a link")]
