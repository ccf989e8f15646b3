"""Steps of tools/bake_characters.py."""
