"""Proofs as files for Coq, whose kernel checks them: docs/coq.md says what is to be believed and what is not."""
