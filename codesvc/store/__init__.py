"""The store: keys, scripts, and the one way to call them."""
