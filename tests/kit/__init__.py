"""What the tests that start processes share."""
