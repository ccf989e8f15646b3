"""Maximum a posteriori fit of one person's motion over the whole clip.

In: a ``Skeleton``, a ``State`` to start from (joint rotations and root positions) and ``FitTargets`` (everything that
was measured). Out: the fitted ``State``. ``solve.py`` holds the Levenberg-Marquardt loop, ``terms.py`` the energy
terms with their sigmas, ``jacobian.py`` the products with the Jacobian of landmarks, ``kinematics.py`` the posed
skeleton and its degrees of freedom, ``normal_equations.py`` the block-banded solver. Read ``terms.py`` first.
"""
