"""Speech in the sound of a clip: ``Sound`` -> ``Speech``, with the probability of each mouth shape over time.

Start reading at ``observe_speech.py``.
"""
