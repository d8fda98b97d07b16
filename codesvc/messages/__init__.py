"""Messages to people in WeChat: templates, their variables, the fields of template messages, chat texts."""
