"""What is shown and kept: tables, files, text."""
