"""The notebooks outside JupyterLab: executed, as pages of HTML, and with still pictures.

Open `pages.py` first.
"""
