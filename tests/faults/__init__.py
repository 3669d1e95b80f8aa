"""What happens to a stream when something breaks: real services in containers that are thrown away, real pushes."""
