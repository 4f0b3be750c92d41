"""What is sung: where words come from, and vectors of them."""
