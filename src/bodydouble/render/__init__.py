"""Pictures of characters, drawn with OpenGL and without a display."""
