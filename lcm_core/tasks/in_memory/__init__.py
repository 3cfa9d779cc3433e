"""Tasks on data of your own: lists of sets, or of PyG's graphs, with targets.

Open `targets.py` first; `lcm_core.register_task` makes the tasks.
"""
