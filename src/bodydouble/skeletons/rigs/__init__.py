"""Joint names of rigs: VRM 1.0 humanoid bone -> name of the joint, one module per family of rigs.

``families`` lists all of them for ``characters.humanoid_map``; ``table`` has their building blocks; ``vrm`` lists the
required bones. ``generic`` holds the words that joint names of other rigs consist of. Read ``mixamo.py`` first.
"""
