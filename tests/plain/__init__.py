"""The planner and the findings as they were written first: every answer worked out anew from all runs.

What is fast is held against them, history by history.
"""
