"""The platform's API calls, one module per group of calls.

Each call is a function of `Call` without I/O; `frame` does what is common to all calls.
"""
