"""The speed table: training core, store and planner, each measured against what it must beat."""
