"""Use cases. Here the story is told; the rules stand in pure modules, the acts in scripts."""
