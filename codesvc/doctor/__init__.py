"""`codesvc check`: looks at a whole set-up before people depend on it, and says line by line what to do.

Asking (modules that probe) and judging (modules that do no I/O) are kept apart, so that every judgement can be tested
on the answer that leads to it.
"""
