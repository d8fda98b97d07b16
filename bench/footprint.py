"""What the service needs before anybody asks: time to be ready, memory, and the SDK's import."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.processes import cpu_seconds, resident_mb
from bench.service import service

_IMPORT = "from time import perf_counter as t; a = t(); import codesvc.client; print((t() - a) * 1000)"


def measure(stub: str, *, rounds: int) -> dict[str, float]:
    ready, cpu, resident = [], [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as directory:
            began = time.perf_counter()
            with service(Path(directory), "", stub, deliver=True, data_dir=f"{directory}/data") as here:
                ready.append(time.perf_counter() - began)
                cpu.append(cpu_seconds(here.pid))
                time.sleep(1)
                resident.append(resident_mb(here.pid))
    imports = [float(subprocess.check_output([sys.executable, "-c", _IMPORT])) for _ in range(rounds * 2)]
    return {
        "ready_s": statistics.median(ready),
        "ready_cpu_s": statistics.median(cpu),
        "resident_mb": statistics.median(resident),
        "import_ms": statistics.median(imports),
    }
