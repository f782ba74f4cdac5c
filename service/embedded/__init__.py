"""What the demo and the tests bring along: PostgreSQL, a mail catcher, a visitor."""
