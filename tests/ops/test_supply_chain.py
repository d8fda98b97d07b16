"""Lock files, licences, and what a process imports."""

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import aiohttp
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.process.processes import KEY, ready, serving, write_config
from tests.programs import program_path

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "ops" / "locks").glob("*.txt"))


def script(name):
    """A script of ops/release."""
    found = importlib.util.spec_from_file_location(name, ROOT / "ops" / "release" / f"{name}.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def locked(path):
    """Version and number of hashes by package."""
    entries = re.split(r"\n(?=\S)", path.read_text())
    return {
        canonicalize_name(name): (version, entry.count("--hash=sha256:"))
        for entry in entries
        if not entry.startswith("#")
        for name, version in [re.match(r"([A-Za-z0-9._-]+)==([^ ;\\]+)", entry).groups()]
    }


def test_a_file_that_is_in_no_commit_is_a_change_whatever_git_leaves_out(tmp_path, monkeypatch):
    """All of the tree is packed, so the provenance of a release would name a commit that does not hold it."""
    dist = script("dist")
    monkeypatch.setattr(dist, "ROOT", tmp_path)
    assert dist.changed() is None
    for words in (
        ["init", "-q"],
        ["config", "status.showUntrackedFiles", "no"],
        ["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "--allow-empty", "-m", "begin"],
    ):
        subprocess.run([program_path("git", "git"), *words], cwd=tmp_path, check=True)
    assert dist.changed() is False
    (tmp_path / "sitecustom.py").touch()
    assert dist.changed() is True
    (tmp_path / ".git" / "info" / "exclude").write_text("sitecustom.py\n")
    assert dist.changed() is True


@pytest.mark.parametrize("name", ["runtime", "build", "test", "tools", "oldest", "fuzz"])
def test_a_lock_file_answers_what_pyproject_asks_for(name):
    """If this is red: `make locks`."""
    found = locked(ROOT / "ops" / "locks" / f"{name}.txt")
    for each in script("locks").wanted(name):
        wanted = Requirement(each)
        version, _ = found[canonicalize_name(wanted.name)]
        assert wanted.specifier.contains(version), each


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_every_locked_package_has_a_hash_and_no_index_is_named(path):
    assert all(count for _, count in locked(path).values())
    assert "://" not in path.read_text()
    assert "--index" not in path.read_text()


def test_the_lock_files_can_be_installed_together():
    versions = {}
    for path in LOCKS:
        for package, (version, _) in locked(path).items():
            assert versions.setdefault(package, version) == version, (path.name, package)


def test_make_the_image_and_ci_install_nothing_without_a_hash():
    texts = {name: (ROOT / name).read_text() for name in ("Makefile", "ops/container/Containerfile", ".ci/run")}
    for name, text in texts.items():
        # `PIP` is the command without what it installs.
        for line in re.sub(r"\\\n", " ", text).replace("$(PIP)", "pip install").splitlines():
            if "pip install" not in line or line.lstrip().startswith("#") or line.startswith("PIP := "):
                continue
            for command in re.split(r"&&|;", line):
                if "pip install" in command:
                    assert "--require-hashes" in command or "--no-deps" in command, (name, command)


def test_the_licences_are_known_and_the_page_is_that_of_the_lock_file():
    """If this is red: `make licences`, and look at the new licence."""
    for language in ("zh", "en"):
        text, faults = script("licences").page(language)
        assert faults == []
        assert (ROOT / "docs" / language / "contributing" / "licences.md").read_text() == text


def test_the_sbom_in_the_wheel_is_that_of_the_lock_file():
    """If this is red: `make sbom`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    [carried] = project["tool"]["hatch"]["build"]["targets"]["wheel"]["sbom-files"]
    document = json.loads((ROOT / carried).read_text())
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    found = {
        canonicalize_name(each["name"]): (each["version"], len(each["externalReferences"][0]["hashes"]))
        for each in document["components"]
    }
    assert found == locked(ROOT / "ops" / "locks" / "runtime.txt")
    licences = script("licences")
    for each in document["components"]:
        assert each["licenses"] == [{"expression": licences.licence_of_locked(each["name"])}]
    [top] = document["dependencies"]
    assert {ref.split("/")[1].split("@")[0] for ref in top["dependsOn"]} == {
        canonicalize_name(Requirement(each).name) for each in project["project"]["dependencies"]
    }
    urls = [ref["url"] for each in document["components"] for ref in each["externalReferences"]]
    assert all(url.startswith("pkg:") for url in urls), "files come from whichever index a builder uses"


async def test_a_live_service_imports_nothing_of_sandbox_and_demo(tmp_path):
    """In the process of `codesvc serve` itself, after its first answers."""
    spy = tmp_path / "sitecustomize.py"
    spy.write_text(
        "import atexit, sys\n"
        f"atexit.register(lambda: open({str(tmp_path / 'imported')!r}, 'a').write('\\n'.join(sys.modules) + '\\n'))\n"
    )
    path, base = write_config(tmp_path)
    live = "Yz0rT4q8Vn2LkP9sXw6BhD1mFj7GcA5eRuKoNtIyEqW="
    text = path.read_text().replace('mode = "test"', 'mode = "live"')
    text = text.replace("only for this test: 5f0c9f0e3bcb4a67a3b2", live).replace(
        'api_url = "http://127.0.0.1:9"\n', ""
    )
    path.write_text(text)

    async with (
        serving(path, env=os.environ | {"PYTHONPATH": f"{tmp_path}:{ROOT}"}) as process,
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"}) as http,
    ):
        await ready(http, base, process)
        for page in ("/docs", "/openapi.json", "/widget.js", "/v1/bindings/alice", "/metrics", "/problems/internal"):
            async with http.get(base + page) as answer:
                assert answer.status < 500, page
        body = {"purpose": "register", "user": "alice", "client_ip": "192.0.2.1"}
        async with http.post(f"{base}/v1/verifications", json=body) as answer:
            assert answer.status == 201, await answer.text()
        process.send_signal(signal.SIGTERM)
        await process.wait()
    imported = set((tmp_path / "imported").read_text().split())
    assert "codesvc.web.callback" in imported
    assert {name for name in imported if name.startswith(("codesvc.sandbox", "codesvc.demo", "trustme"))} == set()


def test_the_pytest_plugin_imports_nothing_until_a_fixture_is_asked_for(tmp_path):
    (tmp_path / "test_nothing.py").write_text(
        "import sys\n\n\n"
        "def test_nothing():\n"
        "    found = {name for name in sys.modules if name.startswith('codesvc.')}\n"
        "    assert found <= {'codesvc.sandbox', 'codesvc.sandbox.pytest_plugin'}, found\n"
        "    assert not {'aiohttp', 'jinja2', 'zxingcpp', 'msgspec'} & sys.modules.keys()\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", "--rootdir", str(tmp_path), str(tmp_path)]
    command += ["-p", "no:cacheprovider", "-p", "codesvc.sandbox.pytest_plugin"]
    env = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
