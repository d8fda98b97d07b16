"""`codesvc check`: checks a whole installation before it is used, and says for each finding what to do.

Modules that query the store and WeChat are separate from modules that judge the answers without I/O. So every
judgement can be tested with a given answer.
"""
