"""Measurements, never assertions: `make bench`, `make bench ONLY=latency`."""
