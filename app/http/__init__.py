"""What every route shares: streams, authentication, guards, limits, problems, telemetry, security headers."""
