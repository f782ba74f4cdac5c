"""What strict relays of others say to our side of the conversation."""
