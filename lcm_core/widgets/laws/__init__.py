"""`LawExplorer`: law errors of several operators.

Open `explorer.py` first.
"""
