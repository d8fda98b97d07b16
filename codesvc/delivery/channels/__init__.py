"""The channels that send codes: one module for each, behind `protocol.DeliveryChannel`, listed in `channel_list`."""
