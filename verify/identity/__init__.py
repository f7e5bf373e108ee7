"""Identities too large to prove, tested at random points of finite fields: `probable`, and never `proved`."""
