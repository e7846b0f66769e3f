"""The catalog: organisations, products, form templates."""
