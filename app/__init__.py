"""The service: HTTP, storage, wiring."""
