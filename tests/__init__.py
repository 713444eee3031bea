"""The proofs: unit, properties, contract, conformance, adapters, functions, template, scenarios."""
