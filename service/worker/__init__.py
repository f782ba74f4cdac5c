"""The ticks that plan and deliver, and whether they still come."""
