"""From the outbox to WeChat."""
