"""The local AWS engine of the tests and the demo: a pinned ministack with its gaps closed."""
