"""The notebooks as slides, on pages and for JupyterLab.

Open `slides.py` first.
"""
