"""The command `codesvc check --config FILE [--json]`."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING

import aiohttp

from codesvc.config import ConfigError, load
from codesvc.doctor.config_remedies import remedy_of
from codesvc.doctor.examination import Examination
from codesvc.doctor.finding import Exit, Finding, exit_status, fail
from codesvc.doctor.report import document, line, summary
from codesvc.runtime import http_server
from codesvc.runtime import logging as runtime_logging
from codesvc.runtime.bounded_answers import BoundedConnector
from codesvc.runtime.sending_trace import sending_trace

if TYPE_CHECKING:
    import argparse

    from codesvc.config import Settings
    from codesvc.config.faults import Fault


def run(arguments: argparse.Namespace) -> int:
    """Run all checks and print the findings; returns 0 if all is well, 1 if action is needed, 2 for a bad config."""
    as_json: bool = arguments.json
    try:
        settings = load(arguments.config, os.environ)
    except ConfigError as error:
        findings = [_fault(fault) for fault in error.faults]
        if not as_json:
            _print_all(findings)
        return _end(findings, Exit.CONFIGURATION, as_json=as_json)
    runtime_logging.configure(level=logging.WARNING)
    return http_server.run(_examined(settings, as_json=as_json))


async def _examined(settings: Settings, *, as_json: bool) -> int:
    findings: list[Finding] = []
    async with aiohttp.ClientSession(connector=BoundedConnector(), trace_configs=[sending_trace()]) as http:
        examination = Examination(settings, http)
        async for finding in examination.findings():
            findings.append(finding)
            if not as_json:
                _print_all([finding])
    status = Exit.CONFIGURATION if examination.faulty else exit_status(findings)
    return _end(findings, status, as_json=as_json)


def _fault(fault: Fault) -> Finding:
    return fail(fault.where or "configuration", fault.message, remedy_of(fault))


def _print_all(findings: list[Finding]) -> None:
    for finding in findings:
        sys.stdout.write(line(finding) + "\n")
    sys.stdout.flush()


def _end(findings: list[Finding], status: Exit, *, as_json: bool) -> int:
    if as_json:
        sys.stdout.write(document(findings, status) + "\n")
    else:
        sys.stdout.write(f"\n{summary(findings)}\n")
    return int(status)
