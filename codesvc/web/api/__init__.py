"""The calls of the HTTP contract: those of a site's back end, of administration, and of operation (health, metrics)."""
