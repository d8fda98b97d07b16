"""Random texts: two are never the same, in threads and in a forked process."""

import subprocess
import sys
import threading

from codesvc.domain.chat_text import read_keyword
from codesvc.domain.codes import CodeFormat, VerificationId, new_keyword

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


def test_a_word_always_has_eight_letters():
    keywords = {new_keyword() for _ in range(200)}
    assert len(keywords) == 200
    assert all(len(keyword) == 8 and read_keyword(keyword) == keyword for keyword in keywords)
