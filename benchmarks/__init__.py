"""Timings against PyG, run by `make bench`."""

import lcm_core  # noqa: F401 - before torch, whose threads then wait passively
