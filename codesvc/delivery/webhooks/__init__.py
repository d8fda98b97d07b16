"""Sends webhook events to the sites: at least once, each site by one process at a time, and without delaying others."""
