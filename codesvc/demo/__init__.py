"""Sandbox, service and a small website in one command."""
