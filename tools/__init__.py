"""The operator's side of Scrimbox: what the Makefile calls.

Everything that runs before the virtual environment exists uses the standard library only.
"""
