"""The arguments of `codesvc webhooks …`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.cli.arguments import whole
from codesvc.domain.webhook import EVENTS, TEST_EVENT, HookStatus

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    acts.add_parser("secret", help="generate a secret for a webhook and print it once")
    listing = acts.add_parser("list", help="show the endpoint's state and its latest events")
    listing.add_argument("--status", choices=[*HookStatus], default="")
    listing.add_argument("--event", choices=[*EVENTS, TEST_EVENT], default="", metavar="TYPE")
    listing.add_argument("--most", type=whole(1, 1_000), default=50, help="events (default: 50)")
    resend = acts.add_parser("resend", help="send events again: the given ones, or all that failed")
    resend.add_argument("id", nargs="*")
    resend.add_argument("--failed", action="store_true", help="all that have failed and are still kept")
    enable = acts.add_parser("enable", help="re-enable an endpoint that answered 410 Gone")
    test = acts.add_parser("test", help="send a test event")
    for act in (listing, resend, enable, test):
        act.add_argument("--config", required=True)
        act.add_argument("--site", required=True)
