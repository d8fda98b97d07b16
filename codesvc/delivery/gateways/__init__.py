"""The gateways of sites: their own SMS and e-mail senders, the last resort of a message."""
