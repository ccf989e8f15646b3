"""Maximum a posteriori fit of one person's motion over the whole clip.

In: a ``Skeleton``, a ``State`` to start from (joint rotations and root positions) and ``FitTargets`` (everything that
was measured). Out: the fitted ``State``. Read ``terms.py`` first.

``terms.py`` holds the energy terms with their sigmas, ``solve.py`` the Levenberg-Marquardt loop and
``normal_equations.py`` the block-banded solver. ``kinematics.py`` holds the posed skeleton and its degrees of freedom,
``jacobian.py`` the products with the Jacobian of landmarks.
"""
