"""Multi-object tracking and re-identification: ``Observation``s of each frame -> one ``Track`` per person.

Read ``association.py`` first: ``build_tracks`` is the only entry point that the pipeline needs to obtain tracks.
It matches observations frame by frame into tracklets (``tracklets.py``), splits them where identities may have been
confused, and clusters the segments by person (``reidentification.py``, ``clustering.py``, ``likelihoods.py``).
Afterwards ``static_detection.py`` finds statues and pictures, and ``selection.py`` names and selects people.
"""
