"""`FoldExplorer`: the states of recurrent networks.

Open `explorer.py` first.
"""
