"""2D tracks -> 3D motion: ``Track``s, ``Background`` and measured inputs -> ``Camera`` (F poses) and a ``Motion`` each.

Read ``reconstruct.py`` first: it runs the stages of one shot in order.

1. camera: path of the camera from background corners, validated and scaled by the people (``camera_estimate.py``);
2. focal length: from the motion of the people, if the camera is static (``focal_length.py``);
3. lift: 2D track -> input of the fit (``lifting``), repeated for every camera that is tried;
4. fit: maximum a posteriori motion of each person (``fit``);
5. floor: gravity, floor plane and one scale per person (``floor``);
6. fit again, with floor, contacts and free fall.

Entry points are ``multi_shot.reconstruct_shots`` for a clip of one or several shots (placed in one world by
``shot_placement.py``), ``reconstruct.reconstruct`` for one shot and ``upsample.upsample_performance`` for a higher
frame rate. The other packages are ``camera`` (camera path), ``body`` (skeleton, landmarks) and ``resampling``.
"""
