"""HTTP: the API, WeChat's callback, and the pages."""
