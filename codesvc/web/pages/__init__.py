"""Pages that people see: the hosted page, confirmation pages in WeChat, tickets, the widget."""
