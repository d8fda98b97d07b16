"""Queries for operators: verifications of a person, the state of accounts, refused API keys, what will run out next."""
