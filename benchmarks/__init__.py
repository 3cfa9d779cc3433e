"""Timings against PyG, run by `make bench`."""
