"""Ways in for identity systems that make codes: each calls us in its own words (docs/en/relay)."""
