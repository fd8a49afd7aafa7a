"""Microsoft's Kusto parser, vendored (see NOTICE), and the tables that Azure Monitor has."""
