"""Documents that nobody wrote for these tests' sake, labelled by hand, and what is measured on them."""
