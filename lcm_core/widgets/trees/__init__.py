"""`TreeExplorer`: one reduction, step by step.

Open `explorer.py` first.
"""
