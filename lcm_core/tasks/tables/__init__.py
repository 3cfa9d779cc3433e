"""Tables in files: what is in which column, its values, and the rows that were left out.

Open `source.py` first, then `columns.py`.
"""
