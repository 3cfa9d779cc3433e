"""`BracketingExplorer` and `OrderExplorer`: all bracketings, or all orders, of a few states.

Open `explorer.py` first: what the two share.
"""
