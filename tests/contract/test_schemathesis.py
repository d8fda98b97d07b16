"""Schemathesis, which knows nothing of this service but its document, finds nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.processes import LONG
from tests.contract.background import world_in_background
from tests.registry.test_admin_api import ADMIN, ADMINS
from tests.relay.conftest import settings as relaying
from tests.webhooks.receiver import SECRET
from tests.world import KEY

HERE = Path(__file__).parent
EXAMPLES = "40" if LONG else "10"
"""Of each kind for each operation. Seeded, so that every run has the same; `make chaos` has more of them."""
LIMITS = ("site_starts", "address_starts", "address_guesses", "user_guesses")
# Nobody listens there: sending fails, and what there is to read about it is read.
WEBHOOK = {"url": "http://127.0.0.1:1/hook", "secrets": [SECRET], "allow_private": True}
PLAIN = {f"sites__shop__limits__{name}": "none" for name in LIMITS} | {"sites__shop__client_ip": "none"}
PLAIN |= {"sites__shop__webhook": WEBHOOK, "admin__keys": ADMINS, **relaying("http://127.0.0.1:1")}


@pytest.mark.timeout(1500 if LONG else 420)
def test_schemathesis_finds_nothing(store_url, tmp_path):
    with world_in_background(store_url, tmp_path, **PLAIN) as (world, _):
        ended = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli"),
                *("--config-file", HERE / "schemathesis.toml", "run", f"{world.service}/openapi.json", "--no-color"),
                *("--max-examples", EXAMPLES),
            ],
            env=os.environ | {"CODESVC_KEY": KEY, "CODESVC_ADMIN_KEY": ADMIN, "PYTHONWARNINGS": "ignore"},
            cwd=HERE.parents[1],
            capture_output=True,
            text=True,
            check=False,
            timeout=1450 if LONG else 400,
        )
    assert ended.returncode == 0, ended.stdout + ended.stderr
