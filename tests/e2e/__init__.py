"""A real push, seen by real clients and real browsers."""
