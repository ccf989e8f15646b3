"""Rendered people whose motion is known exactly: what our results are measured against."""
