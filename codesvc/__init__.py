"""Verification codes over WeChat: template messages with receipts, and a QR code where nothing is bound."""


def __getattr__(name: str) -> str:
    """`__version__`, looked up at the first use in the installed package, which has it from the tag of its build."""
    if name != "__version__":
        raise AttributeError(name)
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415  few ask, and it takes time

    try:
        return version("codesvc")
    except PackageNotFoundError:
        return "0+unknown"
