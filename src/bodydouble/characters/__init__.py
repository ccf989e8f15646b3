"""Characters: rigs read from files, fitted to a person's proportions and retargeted.

In: a name or path of a .glb, .vrm or .gltf file, and a ``Motion``. Out: a ``Character``, its joint rotations
(T, Jc, 4) and its hips translation (T, 3), and masks of the frames that keep keys. ``to_humanoid.py`` converts the
other way: a motion of any rig to one of the 22 humanoid joints. Read ``load.py`` first, then ``retarget.py``.
"""
