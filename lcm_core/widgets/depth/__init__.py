"""`DepthExplorer`: chain against tree.

Open `explorer.py` first.
"""
