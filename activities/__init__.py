"""One file, one effect, one activity of the same name. All are async and safe to run more than once."""
