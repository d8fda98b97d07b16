"""The interface to WeChat: the events that it pushes, the calls that it offers, and the meaning of its answers."""
