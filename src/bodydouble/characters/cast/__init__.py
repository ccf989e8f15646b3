"""The drawn cast: a ``Look`` of numbers, colours and choices -> an anime ``Character``, made by code alone."""
