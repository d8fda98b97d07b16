"""The script of the monitoring page that writes to a chat group: it is silent while all is well, and only then."""

from __future__ import annotations

import json
import shutil
import sys

from tests.process.test_first_steps import Shell, fresh_environment, own_network
from tests.process.test_operating_commands import HERE, until_open
from tests.process.walks import steps

__all__ = ["own_network"]
ROBOT = """
import http.server

class Robot(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open("heard.log", "ab") as heard:
            heard.write(self.headers["Content-Type"].encode() + b" " + body + b"\\n")
        self.send_response(200)
        self.end_headers()

http.server.HTTPServer(("127.0.0.1", 8099), Robot).serve_forever()
"""


async def test_the_script_writes_to_the_group_when_something_fails(own_network, tmp_path):
    env = fresh_environment() | {"PYTHONPATH": str(HERE.parents[1])}
    env["PATH"] = f"{HERE.parents[1] / 'bin'}:{sys.prefix}/bin:{env['PATH']}"
    [script] = steps("Without Prometheus")
    script = script.replace("/usr/local/bin/codesvc", shutil.which("codesvc", path=env["PATH"]))
    script = script.replace(":288/", ":8080/")
    (tmp_path / "codesvc-alarm").write_text(script.replace("/etc/codesvc/", f"{tmp_path}/"))
    (tmp_path / "robot").write_text("http://127.0.0.1:8099/robot/send?access_token=t\n")
    (tmp_path / "robot.py").write_text(ROBOT)

    def heard():
        lines = (tmp_path / "heard.log").read_text().splitlines() if (tmp_path / "heard.log").exists() else []
        said = [line.partition(" ") for line in lines]
        assert {kind for kind, _, _ in said} <= {"application/json"}
        return [json.loads(body) for _, _, body in said]

    shell = await Shell.open(*own_network, directory=tmp_path, env=env)
    try:
        await shell.run("codesvc init --sandbox")
        await shell.run("python robot.py 2> robot.log &")
        await until_open(shell, 8099)
        await shell.run("sh codesvc-alarm")  # nothing runs
        await shell.run("codesvc serve --config config.toml 2> serve.log &")
        await until_open(shell, 8080)
        await shell.run("sh codesvc-alarm")  # WeChat does not answer, and /readyz is 200
        of_services = [
            {"msgtype": "text", "text": {"content": f"codesvc: FAIL ({what})"}} for what in ("/readyz", "the check")
        ]
        assert heard() == of_services
        await shell.run("codesvc sandbox > sandbox.log 2>&1 &")
        await until_open(shell, 8081)
        await shell.run("sh codesvc-alarm")
        assert heard() == of_services
    finally:
        shell.type("kill $(jobs -p)")
        await shell.close()
