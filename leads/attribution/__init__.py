"""The rules of attribution as pure functions: data and an instant in, a decision out (domain 4)."""
