"""`make licences`: writes licences.md, the licences of what the service imports; red for one that is not known.

The packages and versions are those of ops/locks/runtime.txt, the licences those of their own metadata (PEP 639's
expression, else the classifiers, else the field).
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "ops" / "locks" / "runtime.txt"
PAGES = {each: ROOT / "docs" / each / "contributing" / "licences.md" for each in ("zh", "en")}
ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "MIT",
    "MIT-0",
    "MIT-CMU",
    "MPL-2.0",
    "PSF-2.0",
    "Python-2.0",
    "Unlicense",
}
"""Licences that ask for no more than their text beside the package. MPL-2.0 asks for changes of its own files."""
_SPOKEN = {
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "PSFL": "PSF-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
HEADS = {
    "zh": """# 依赖的许可

> **写给**把 codesvc 转交别人（例如放进镜像）的人 · 查阅用

服务导入的每个包的许可。codesvc 自己是 Apache-2.0（[LICENSE](../../../LICENSE)）。由 `make licences`
从锁文件和包的元数据生成，测试核对；每个包自带许可的全文。

| 包 | 版本 | 许可 |
| --- | --- | --- |
""",
    "en": """# Licences

> **For** whoever passes codesvc on, in an image for instance · to look things up

The licences of the packages that a service imports. codesvc itself is under Apache-2.0
([LICENSE](../../../LICENSE)). Made by `make licences` from the lock file and the packages' own metadata; a test
compares them. Each package carries the text of its licence.

| package | version | licence |
| --- | --- | --- |
""",
}


def locked() -> dict[str, str]:
    """Versions by package, from the lock file."""
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^ \\]+)", LOCK.read_text(encoding="utf-8"), re.MULTILINE))


def licence_of(package: str) -> str:
    """The licence of an installed package as an SPDX expression; what its metadata say where that is none."""
    told = metadata(package)
    if expression := told.get("License-Expression"):
        return str(expression)
    classifiers = [
        line.rpartition(" :: ")[2] for line in told.get_all("Classifier", []) if line.startswith("License ::")
    ]
    spoken = [each for each in classifiers if each != "OSI Approved"] or [str(told.get("License", "")).split("\n")[0]]
    return " AND ".join(sorted({_SPOKEN.get(each, each) for each in spoken})) or "unknown"


def parts(expression: str) -> set[str]:
    """The licences of an expression."""
    return set(re.split(r" (?:AND|OR|WITH) |[()]", expression)) - {""}


def licence_of_locked(package: str) -> str:
    """The licence of a package of the lock file, also of one for another platform or Python only."""
    try:
        return licence_of(package)
    except PackageNotFoundError:
        return _ELSEWHERE.get(package) or _known().get(package, "unknown")


def page(language: str = "en") -> tuple[str, list[str]]:
    """The page in that language, and the packages whose licence is not in `ALLOWED`."""
    rows, faults = [], []
    for package, version in sorted(locked().items()):
        licence = licence_of_locked(package)
        if not parts(licence) <= ALLOWED:
            faults.append(f"{package} {version}: {licence}")
        rows.append(f"| {package} | {version} | {licence} |")
    return HEADS[language] + "\n".join(rows) + "\n", faults


_ELSEWHERE = {"async-timeout": "Apache-2.0"}
"""Packages of the lock file that Python 3.11.3 and later do not install."""


def _known() -> dict[str, str]:
    text = PAGES["en"].read_text(encoding="utf-8") if PAGES["en"].exists() else ""
    return dict(re.findall(r"^\| (\S+) \| \S+ \| (.+) \|$", text, re.MULTILINE))


def main() -> int:
    """Write the page in both languages; the exit status."""
    faults: list[str] = []
    for language, path in PAGES.items():
        text, faults = page(language)
        path.write_text(text, encoding="utf-8")
    sys.stdout.write("".join(f"licences: look at {fault}\n" for fault in faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
