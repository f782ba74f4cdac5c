"""Programs that send so many mails over so many connections, each in its own way."""
