"""What becomes of asks: rules, the list of decisions."""
