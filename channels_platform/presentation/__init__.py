"""How facts look to people: words, figures, colours. No model, no query."""
