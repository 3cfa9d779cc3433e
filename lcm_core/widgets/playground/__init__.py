"""`OperatorPlayground`: an operator by a formula.

Open `panel.py` first.
"""
