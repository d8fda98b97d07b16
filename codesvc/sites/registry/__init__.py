"""Sites, accounts and keys that are kept in the store and change while the service runs."""
