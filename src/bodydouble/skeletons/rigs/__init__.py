"""Joint names of rigs: VRM 1.0 humanoid bone -> name of the joint, one table ``NAMES`` per rig.

``vrm`` lists the required bones. ``generic`` holds the words that joint names of other rigs consist of. Tables are used
by ``characters.humanoid_map``; read ``mixamo.py`` for an example.
"""
