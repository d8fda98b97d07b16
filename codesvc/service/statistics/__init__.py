"""Statistics: counters for Prometheus, and figures in the store for the operator's pages."""
