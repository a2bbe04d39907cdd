"""The planners table: how soon each planner finds a good configuration, on recorded landscapes."""
