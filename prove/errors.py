"""What ends a proof before it begins, as typed errors whose text says what to do. Touches nothing."""


class NothingToProve(Exception):
    """The folder is no pack, or holds nothing that can be run."""


class CannotProve(Exception):
    """This machine lacks what every proof needs."""
