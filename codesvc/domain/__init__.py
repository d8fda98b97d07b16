"""Pure rules, without input or output: codes, limits, verifications, intents, bindings, tickets, proofs."""
