"""What a mail costs as the number of subscribers grows."""
