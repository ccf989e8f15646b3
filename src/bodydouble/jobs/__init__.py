"""Queue of clips: videos and options -> results in folders, whatever happens to the computer meanwhile.

The durable state is one SQLite file and one folder per clip. Workers take jobs from it, so any number of them, of
any number of runs and computers, can share one queue. Read ``store.py`` first, then ``worker.py``.
"""
