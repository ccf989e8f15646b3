"""Benchmarks on the machine that runs them: speed, memory, accuracy and identity association.

In: videos, motion capture files and a quality preset. Out: a ``BenchReport`` (``report.py``) with tables, a Markdown
page and figures for JSON; ``speed.py`` returns plain dictionaries. Start reading at ``accuracy.py``. Clips and captures
come from ``clip_cache.py`` and ``capture_cache.py``, test sets from ``synthetic_set.py`` and ``people_clips.py``.
"""
