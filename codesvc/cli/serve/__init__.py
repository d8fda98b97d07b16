"""`codesvc serve`: processes, workers, start, shutdown and reload of changed settings."""
