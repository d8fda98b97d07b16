"""The process: logging, metrics, tracing, sockets, signals, systemd, the garbage collector, crash points for tests."""
