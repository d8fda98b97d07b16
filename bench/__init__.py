"""Benchmarks: what a call costs, beside what the same machine needs for less."""
