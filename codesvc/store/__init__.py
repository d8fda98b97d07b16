"""The store: keys, scripts, typed calls (`codesvc.store.store.Store`), and the transports beneath them."""
