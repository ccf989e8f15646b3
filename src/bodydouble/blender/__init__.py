"""Code that runs inside Blender: a capture as a scene.

Blender's own Python runs it, as a script of the command line (``write_scene.py``) or inside the add-on, which contains
a copy. It needs nothing but Blender and NumPy, and nothing else of bodydouble imports it.
"""
