"""The schema's history, oldest first; run by `service.store.migrate`."""
