"""`LawExplorer`: law errors of several operators; `CompareOperators`: of many trained ones.

Open `explorer.py` first, then `stage.py` for its figures.
"""
