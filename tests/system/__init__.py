"""The converged server, looked at from inside."""
