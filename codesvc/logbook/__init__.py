"""The audit log outside the store: on the command line, and as a file that is only ever added to."""
