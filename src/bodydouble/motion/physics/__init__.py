"""Mechanics of the whole body: masses, the forces that a motion needs, and those that the floor can give.

In: positions of the joints over time and contacts. Out: unexplained forces, balance, and the acceleration of the hips
that contacts explain. Start reading at ``dynamics.py``.
"""
