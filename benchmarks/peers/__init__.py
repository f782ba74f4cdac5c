"""How fast others send the same mails to the same sink."""
