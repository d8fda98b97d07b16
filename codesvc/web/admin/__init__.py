"""The operator's pages under /admin: off unless the configuration names operators."""
