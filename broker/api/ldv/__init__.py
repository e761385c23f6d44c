"""The read extension of the Logboek Dataverwerkingen, an API of its own beside `/v1`."""
