"""Shows besluiten to people: rich tables, Dutch, with the article."""
