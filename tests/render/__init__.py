"""Templates and roles, read and rendered without a server."""
