"""Questions about sets of integers.

Open `set_task.py` first: what all of them share; each question is a file of about 60 lines.
"""
