"""Results of experiments: `show_results`, `show_claims`, and `PenaltyExplorer` with its slider.

Open `show.py` first.
"""
