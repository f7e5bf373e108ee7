"""Exercises, and how answers are graded."""
