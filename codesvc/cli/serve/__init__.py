"""`codesvc serve`: processes, workers, the order of starting and ending, and taking over changed settings."""
