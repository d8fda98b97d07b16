"""Random texts that are made in advance: nobody ever draws what somebody else has drawn."""

import subprocess
import sys
import threading

from codesvc.domain.codes import CodeFormat, VerificationId, new_keyword
from codesvc.domain.random_pool import BATCH, Supply, cut

FORKS = """
import os
from codesvc.domain.codes import CodeFormat, VerificationId, new_keyword
new_keyword(), VerificationId.mint("abcd", CodeFormat())
reading, writing = os.pipe()
child = os.fork()
drawn = [new_keyword(), VerificationId.mint("abcd", CodeFormat())[0].text]
if child == 0:
    os.write(writing, " ".join(drawn).encode())
    os._exit(0)
os.waitpid(child, 0)
print(*drawn, os.read(reading, 200).decode())
"""


def test_a_supply_is_filled_when_it_is_empty_and_not_before():
    asked = []

    def make(count):
        asked.append(count)
        return [f"{len(asked)}/{number}" for number in range(3)]

    supply = Supply(make)
    assert asked == []
    assert len({supply.draw() for _ in range(7)}) == 7
    assert asked == [BATCH] * 3


def test_threads_never_draw_the_same():
    drawn = [[] for _ in range(4)]

    def draw(mine):
        mine += [VerificationId.mint("abcd", CodeFormat())[0].text for _ in range(3000)]

    threads = [threading.Thread(target=draw, args=(mine,)) for mine in drawn]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(set().union(*drawn)) == 12_000


def test_a_forked_process_draws_its_own():
    run = subprocess.run([sys.executable, "-c", FORKS], capture_output=True, text=True, check=True, timeout=60)
    assert len(set(run.stdout.split())) == 4, run.stdout


def test_what_does_not_fill_a_piece_is_thrown_away():
    assert cut("aabbc", 2) == ["aa", "bb"]
    assert cut("a", 2) == []
    assert {len(new_keyword()) for _ in range(3 * BATCH)} == {8}
