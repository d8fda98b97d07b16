"""The industries of `api_set_industry`, codes 1 to 41 (WECHAT.md 6.6; legacy templates only)."""

INDUSTRIES: dict[str, tuple[str, str]] = {
    "1": ("IT科技", "互联网|电子商务"),
    "2": ("IT科技", "IT软件与服务"),
    "3": ("IT科技", "IT硬件与设备"),
    "4": ("IT科技", "电子技术"),
    "5": ("IT科技", "通信与运营商"),
    "6": ("IT科技", "网络游戏"),
    "7": ("金融业", "银行"),
    "8": ("金融业", "证券|基金|理财|信托"),
    "9": ("金融业", "保险"),
    "10": ("餐饮", "餐饮"),
    **{str(code): ("其他", f"行业{code}") for code in range(11, 41)},
    "41": ("其他", "其他"),
}
