"""Polynomial identity testing: expressions compared at random points of finite fields."""
