"""The pure heart: dossier, calendar, besluit and ports. Knows no framework but pydantic."""
