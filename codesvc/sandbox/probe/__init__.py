"""A walk over a real account that is recorded, and the comparison of such a recording with the sandbox."""
