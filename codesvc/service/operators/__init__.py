"""Queries for operators: verifications of a person, and what will run out next."""
