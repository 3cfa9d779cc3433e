"""`CayleyExplorer`: a multiplication table that learns.

Open `explorer.py` first.
"""
