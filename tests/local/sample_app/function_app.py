"""A small app with one of everything that the local host serves; the tests of `local` run it."""

import azure.durable_functions as df
import azure.functions as func
from starts import starts
from steps import steps

app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)
app.register_functions(steps)
app.register_functions(starts)
