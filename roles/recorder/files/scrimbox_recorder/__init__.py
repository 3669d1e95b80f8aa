"""Scrimbox's recorder: looks at the disk, works out each session and converges (Python standard library only)."""
