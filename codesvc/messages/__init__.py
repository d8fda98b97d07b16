"""What is said to a person in WeChat: templates, their variables, the fields of a template message, chat texts."""
