"""Verification codes over WeChat: template messages with receipts, and a QR code where nothing is bound."""

__version__ = "0.1.0"
