"""`ReorderExplorer`: one molecule, its atoms in any order, and what two networks answer.

Open `explorer.py` first.
"""
