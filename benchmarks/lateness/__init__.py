"""How late the mails of an evening are."""
