"""The operator console: every page stands behind `Access`."""
