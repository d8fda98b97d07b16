"""The callers of the service: sites, their WeChat accounts and API keys, from the configuration and the store."""
