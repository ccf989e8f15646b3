"""Renderer: characters, joint matrices and a camera -> RGB images, with OpenGL and without a display.

- ``preview.PreviewRenderer``: ``Performance``, characters and source frames -> frames of preview.mp4.
- ``scene.SceneRenderer``: joint matrices (J, 4, 4) per character, camera -> image (H, W, 3) RGB of a lit environment.

Read ``preview.py`` first, then ``scene.py``; ``overlay.py`` draws the 2D skeletons over the source frame.
"""
