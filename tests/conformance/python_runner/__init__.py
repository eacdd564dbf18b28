"""The Python runner of the conformance suite; README.md describes the scenarios."""
