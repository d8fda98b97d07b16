"""What a terminal would obey is shown, on standard output and wherever a reason is kept."""

import json
import subprocess
import sys
import unicodedata

from codesvc.cli.audit import _for_people
from codesvc.domain.audit import Line
from codesvc.domain.visible_text import escaped, hidden_in, one_line

PRINTS = """
import sys
from codesvc.cli.terminal import run
def command():
    sys.stdout.write("\\x1b[2K\\x1b[1A山\\u202e\\x9b31m\\r\\tend\\n")
    sys.stderr.write("note: \\x1b[2K\\x1b[1A\\u200b\\n")
    return 0
raise SystemExit(run(command, "x"))
"""


def test_nothing_moves_a_cursor_or_turns_the_direction():
    every = "".join(map(chr, range(0x3000)))
    shown = escaped(every)
    assert {c for c in shown if unicodedata.category(c) == "Cc"} == {"\t", "\n"}
    assert not {c for c in shown if unicodedata.bidirectional(c) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI"}}
    assert escaped("山月 👩‍💻 é\n") == "山月 👩‍💻 é\n"
    told = {"reason": "a\x9b\u202e\u2028"}
    assert json.loads(escaped(json.dumps(told, ensure_ascii=False))) == told


def test_what_a_command_prints_is_seen():
    """Errors too: their words may be those of a server that was called."""
    done = subprocess.run([sys.executable, "-c", PRINTS], capture_output=True, check=True)
    assert done.stderr.decode() == "note: \\u001b[2K\\u001b[1A\\u200b\n"
    assert done.stdout.decode() == "\\u001b[2K\\u001b[1A山\\u202e\\u009b31m\\u000d\tend\n"


def test_a_line_feed_in_outside_text_begins_no_row():
    assert one_line("okay\n2026-11-30  operator:eve\x1b[1A") == "okay\\n2026-11-30  operator:eve\\u001b[1A"
    line = Line(at="0", id="1", actor="operator:eve", act="binding.removed", site="shop", reason="a\nb", detail="c\td")
    assert _for_people(line).count("\n") == 1


def test_what_is_seen():
    assert hidden_in("山月 é, 已核实 (No. 7) ✓") is None
    assert all(map(hidden_in, ["a\nb", "\x1b", "\u200b", "\u202e", "\u2028", "\ue000", "\U000e0041", "\ud800"]))
