"""The border to WeChat: what it pushes, what is asked of it, and what its answers mean."""
