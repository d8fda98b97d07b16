"""What is counted: for Prometheus, and in the store for the operator's pages."""
