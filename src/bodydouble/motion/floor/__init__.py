"""Floor: people relative to the camera (``StandingPerson``) -> ``Floor`` and one scale per person; soles -> contacts.

Read ``floor.py`` first. ``contacts.py`` has the positions of heels and toes and the probability that they rest.
"""
