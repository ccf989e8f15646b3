"""Characters: read from files, fitted to a person, and moved by a motion."""
