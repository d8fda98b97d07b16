"""Delivery of codes, notices and events: from the outbox to their receivers."""
