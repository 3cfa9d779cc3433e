"""The operators that panels offer: their menu, and the catalogue behind it.

Open `menu.py` first; `catalog.py` has the operators that came into being in this kernel.
"""
