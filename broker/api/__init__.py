"""The HTTP API: `/v1`, JSON, problem+json. Every route needs an authorised context."""
