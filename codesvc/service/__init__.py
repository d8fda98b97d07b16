"""The use cases. The rules are in the pure modules of `codesvc.domain`, the changes of state in Lua scripts."""
