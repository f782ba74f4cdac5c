"""Messages as bytes, and the conversation with the relay that takes them."""
