"""Programs on whole arrays: what a rule of arrays does along the path of a point, and how that is judged."""
