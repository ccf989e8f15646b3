"""Tables of joints, landmarks and bones: names -> indices, parents, mirrors and regressors. No code beyond look-ups.

- ``humanoid``: the 22 joints of every ``Motion``. ``adult_template``: their rest pose, and landmarks on it.
- ``blazepose``, ``coco``, ``openpose``: 2D keypoint sets. ``h36m``, ``humaneva``: joints of data sets.
- ``joint_regressors``: linear maps from joints and landmarks to the joints of data sets.
- ``rigs``: names of the joints in rigs of other programs.

Read ``humanoid.py`` first.
"""
