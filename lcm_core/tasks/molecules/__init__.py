"""Questions about molecules: tables of SMILES, made into graphs and split by scaffold.

Open `task.py` first; `shipped.py` has the tables that come with the library.
"""
