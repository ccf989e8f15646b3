"""How wrong a performance is, where and in which respect: measures, comparison with the truth, report pages."""
