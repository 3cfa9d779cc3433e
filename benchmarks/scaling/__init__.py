"""How reductions scale past one machine: measured here, and predicted for clusters.

Run by `make scaling`, which writes docs/scaling.md:

    python -m benchmarks.scaling [--repeats 9] [--output FILE]
"""
