"""The `design-backend` command: HTTP to a deployed app or the local host; imports nothing of the app."""
