"""Questions about random graphs: the multi-task benchmark of PNA.

Open `properties.py` first; `families.py` draws the graphs, `labels.py` answers the questions.
"""
