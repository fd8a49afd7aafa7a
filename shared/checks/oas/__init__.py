"""The rules of the contract, by what they look at; `shared/checks/openapi.py` applies them. Pure."""
