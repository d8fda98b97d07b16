"""Verification codes over WeChat."""
