"""What a code and its clusters hold."""
