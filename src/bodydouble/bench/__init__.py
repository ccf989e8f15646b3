"""Measurements of bodydouble on the machine it runs on."""
