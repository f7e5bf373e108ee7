"""Renderers: one format a file, each from a Report; none of them checks anything."""
