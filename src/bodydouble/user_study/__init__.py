"""A local page on which people rate takes without knowing which method made them."""
