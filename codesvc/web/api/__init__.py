"""The calls of the HTTP contract that a site's back end makes with its API key."""
