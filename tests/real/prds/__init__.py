"""PRDs with the statements in them that ask for something, labelled by hand.

Beside each `documents/NAME.md` stands `NAME.toml`. Its `asked` tables are the statements: `line` (to `until`, where a
statement is longer), the beginning of its `text`, its `kind`, and `family`: the line of the story or the statement
that it belongs to. The kind `restated` is for what says again what the line `family` says: it may be left out or be
of that family, and may not stand by itself. Whatever is not labelled asks for nothing. Documents that are `kept_out`
were not looked at while the rules were made.
"""
