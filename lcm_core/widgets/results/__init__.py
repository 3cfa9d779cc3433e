"""`show_results` and `show_claims`: results of experiments below a cell.

Open `show.py` first.
"""
