"""`make audit` is green only if it looked: with what a pip-audit says that stands in for the real one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

AUDIT = Path(__file__).parents[2] / "ops" / "release" / "audit.py"
OURS = {"name": "codesvc", "skip_reason": "distribution marked as editable"}
SOUND = {"name": "aiohttp", "version": "3.14.5", "vulns": []}
WEAK = {"name": "jinja2", "version": "3.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.1"]}]}
UNKNOWN = {"name": "yarl", "skip_reason": "Dependency not found on PyPI and could not be audited: yarl (1.0)"}
NO_NETWORK = None


def audit(tmp_path, *arguments, **said):
    """Exit status and text of the audit, where each database says this; None: it cannot be reached."""
    answers = {name: None if found is None else json.dumps({"dependencies": found}) for name, found in said.items()}
    (tmp_path / "pip_audit.py").write_text(
        "import json, sys\n"
        f"answers = json.loads({json.dumps(json.dumps(answers))})\n"
        "said = answers[sys.argv[sys.argv.index('--vulnerability-service') + 1]]\n"
        "sys.exit('ConnectionError: Max retries exceeded') if said is None else print(said)\n",
        encoding="utf-8",
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, AUDIT, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout


def test_all_looked_up_and_sound_is_green(tmp_path):
    status, text = audit(tmp_path, osv=[OURS, SOUND], pypi=NO_NETWORK)
    assert (status, "1 packages looked up, 0 known" in text) == (0, True)


@pytest.mark.parametrize("arguments", [(), ("--allow-no-database",)])
def test_a_weakness_is_red(tmp_path, arguments):
    status, text = audit(tmp_path, *arguments, osv=[SOUND, WEAK], pypi=NO_NETWORK)
    assert status == 1
    assert "jinja2 3.0: PYSEC-1, mended in 3.1" in text


@pytest.mark.parametrize(
    "said",
    [
        {"osv": NO_NETWORK, "pypi": NO_NETWORK},
        {"osv": NO_NETWORK, "pypi": [OURS, UNKNOWN]},
        {"osv": [], "pypi": []},
        {"osv": [OURS], "pypi": [OURS]},
        {"osv": NO_NETWORK, "pypi": [SOUND, UNKNOWN]},
    ],
)
def test_who_could_not_look_is_red_and_says_so(tmp_path, said):
    status, text = audit(tmp_path, **said)
    assert status == 3
    assert "NOT DONE" in text
    status, text = audit(tmp_path, "--allow-no-database", **said)
    assert status == 0
    assert "NOT DONE" in text


def test_the_second_database_is_asked_where_the_first_is_silent(tmp_path):
    assert audit(tmp_path, osv=NO_NETWORK, pypi=[SOUND])[0] == 0
    assert audit(tmp_path, osv=NO_NETWORK, pypi=[WEAK])[0] == 1
