"""The sandbox's own calls under `/sandbox`, for the console, the phone page and tests."""
