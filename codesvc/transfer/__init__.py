"""Bindings in and out as files: `codesvc bindings export|import`."""
