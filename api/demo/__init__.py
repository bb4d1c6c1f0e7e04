"""A demo authority and the whole job with made-up enterprises."""
