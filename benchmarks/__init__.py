"""Benchmarks: commands that print figures; see `make bench`."""
