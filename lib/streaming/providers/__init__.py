"""Where model answers come from. Only these modules know an SDK or an HTTP client."""
