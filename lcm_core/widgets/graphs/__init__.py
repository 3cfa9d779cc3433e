"""`PropertyExplorer` and `FamilyGallery`: random graphs and their properties.

Open `explorer.py` first.
"""
