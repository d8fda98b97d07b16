"""Who calls the service: sites, their WeChat accounts and API keys, from the configuration and from the store."""
