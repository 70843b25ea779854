"""Joins that several screens share."""
