"""Parts of the process: logging, metrics, tracing, sockets, signals, systemd, garbage collector, crash points."""
