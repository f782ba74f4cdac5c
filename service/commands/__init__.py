"""The subcommands of `eventide`, one small module for each group."""
