"""Tests of what benchmarks share. Benchmarks themselves are never run by pytest."""
