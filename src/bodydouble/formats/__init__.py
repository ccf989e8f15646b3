"""Readers and writers of files. Each converts to and from the conventions of docs/conventions.md."""
