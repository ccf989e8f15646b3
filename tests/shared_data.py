"""Folder of data beside the checkout that must not enter the repository; tests that use it skip where it is absent."""

from pathlib import Path

SHARED = Path(__file__).parents[2] / "shared"
