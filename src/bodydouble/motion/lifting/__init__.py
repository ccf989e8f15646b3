"""Lifting: one person's 2D ``Track`` -> ``FitInput`` (skeleton, fit targets, initial state).

``lift.py`` is the stage and is read first. ``lifter.py`` runs the network that estimates 3D landmarks, joint rotations,
velocity, contacts and bone scales; to plug in another lifter, replace ``lifter.run_lifter``, which returns
``LifterOutput``. ``facing.py`` offers a second orientation where the lifter contradicts the landmark network.
``completion.py`` imputes what external keypoints lack, ``person_view.py`` is the virtual camera in which the networks
work.
"""
