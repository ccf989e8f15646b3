"""Film: characters drawn as in an anime, over the place that the video shows, a drawn one or none."""
