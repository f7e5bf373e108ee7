"""Verify hand-written derivatives: proved, or refuted with a point anyone can check by hand."""
