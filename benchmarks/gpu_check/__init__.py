"""`make gpu-check`: is all as it should be on this machine's GPU? Equality, tests, speed.

Open `__main__.py` first: it runs the parts, each in a process with a time limit, and writes the
report as they go. It needs Python alone; the parts need PyTorch, PyG and pytest.
"""
