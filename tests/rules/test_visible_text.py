"""What a terminal would obey is shown, on standard output and wherever a reason is kept."""

import json
import subprocess
import sys
import unicodedata

from codesvc.domain.visible_text import visible

PRINTS = """
import sys
from codesvc.cli.terminal import run
def command():
    sys.stdout.write("\\x1b[2K\\x1b[1A山\\u202e\\x9b31m\\r\\tend\\n")
    return 0
raise SystemExit(run(command, "x"))
"""


def test_nothing_moves_a_cursor_or_turns_the_direction():
    every = "".join(map(chr, range(0x3000)))
    shown = visible(every)
    assert {c for c in shown if unicodedata.category(c) == "Cc"} == {"\t", "\n"}
    assert not {c for c in shown if unicodedata.bidirectional(c) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI"}}
    assert visible("山月 👩‍💻 é\n") == "山月 👩‍💻 é\n"
    told = {"reason": "a\x9b\u202e\u2028"}
    assert json.loads(visible(json.dumps(told, ensure_ascii=False))) == told


def test_what_a_command_prints_is_seen():
    done = subprocess.run([sys.executable, "-c", PRINTS], capture_output=True, check=True)
    assert done.stdout.decode() == "\\u001b[2K\\u001b[1A山\\u202e\\u009b31m\\u000d\tend\n"
