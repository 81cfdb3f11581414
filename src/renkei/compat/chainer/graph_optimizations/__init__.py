"""Static graphs: here the decorators leave functions as they are."""
