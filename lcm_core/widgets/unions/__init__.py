"""`UnionExplorer`: the aggregate of two sets put together, in two ways.

Open `explorer.py` first.
"""
