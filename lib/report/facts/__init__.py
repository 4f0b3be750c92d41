"""The facts in the book's prose."""
