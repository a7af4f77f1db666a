"""What a person is asked: arguments, forms, rules, hidden characters, differences."""
