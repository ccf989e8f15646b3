"""Settings for all tests."""

from hypothesis import settings

# Tests state laws, never speeds: a busy machine must not make one fail.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
