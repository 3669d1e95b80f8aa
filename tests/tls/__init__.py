"""The server with TLS: a variant of the converged one, deployed onto again."""
