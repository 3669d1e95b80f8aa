"""The proof that Scrimbox does what its README says."""
