"""The rules on an OPA server: signed bundle, client, and proof that it decides alike."""
