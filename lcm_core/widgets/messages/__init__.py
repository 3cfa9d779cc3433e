"""`MessageExplorer`: rounds of messages through a molecule, then the tree of the readout.

Open `explorer.py` first.
"""
