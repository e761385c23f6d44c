"""Adapters: one module per kind of outside party, each an implementation of the `Bron` port."""
