"""The store: keys, scripts, typed calls by room (`codesvc.store.store.Store`), and the transports beneath them."""
