"""What each layer of the guard catches of the corpus in tests/agent/guard/corpus, and what it refuses."""
