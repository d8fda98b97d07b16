"""The platform's API calls, one module per family.

Each call is a pure function of `Call`; `frame` does what all have in common.
"""
