"""What the function app stands on: contracts, settings, pure rules, and one adapter per SDK."""

VERSION = "0.1.0"
