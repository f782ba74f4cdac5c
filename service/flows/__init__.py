"""One module for each step of the data flow: one use case, one transaction."""
