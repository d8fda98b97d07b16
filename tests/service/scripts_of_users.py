"""User ids of many scripts, as customers have them."""

OF_ANY_SCRIPT = (
    "爱丽丝",
    "张三@例子.公司",
    "𠀀" * 128,  # four octets each
    "élève-7",
    "иван.иванов",
    "ωμέγα",
    "אבגדהוזחט",
    "محمد+7",
    "क्षेत्र",
    "김철수",
    "さくら_香",
    "١٢٣",
    "Ａｌｉ",
)
