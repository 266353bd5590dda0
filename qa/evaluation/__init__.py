"""How well it works, measured."""
