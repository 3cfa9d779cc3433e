"""The ground of all panels: guarded callbacks, figures that threads may change, tables.

Open `panel.py` first.
"""

from lcm_core.imports import needed

for _module in ("ipywidgets", "plotly", "anywidget"):  # before a module of ours needs them
    needed(_module, "notebooks", "lcm_core.widgets")
