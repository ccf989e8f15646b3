"""The HTML report that every ``animate`` writes: image quality per person, motion statistics and advice on filming.

In: a ``Performance`` and frames of the source video (``images.SpanImages``). Out: one self-contained HTML file.
Start reading at ``page.py``; ``person_metrics.py`` computes the numbers, ``findings.py`` turns them into advice.
"""
