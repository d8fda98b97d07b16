"""Server-sent events about a verification, an intent or a login."""
