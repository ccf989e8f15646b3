"""Evaluation of a ``Performance``: metrics against ground truth, statistics without it, and HTML pages.

In: a ``Performance`` and, if known, the ground truth of the same clip, also as a ``Performance``. Out: a ``Comparison``
(``comparison.compare``), a ``NaturalnessScore`` (``naturalness.score``) or a page (``report.page.write_report``).
Start reading at ``comparison.py``; ``evaluation_clip.py`` defines the input of all metrics.
"""
