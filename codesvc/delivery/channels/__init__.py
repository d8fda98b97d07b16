"""The channels by which codes travel: one module for each, behind `protocol.DeliveryChannel`, listed in `registry`."""
