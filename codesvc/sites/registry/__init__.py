"""The registry: sites, accounts and keys that are in the store and can change while the service runs."""
