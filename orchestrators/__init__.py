"""What happens next. Decides only from input, results and events: no clock, no I/O, no settings, no random."""
