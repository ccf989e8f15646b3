"""Networks that look at pictures: where people are, and where their bodies' landmarks are."""
