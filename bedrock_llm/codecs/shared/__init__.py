"""What several codecs need: reading and writing JSON, AWS's errors, what a model's facts say of a request. Pure."""
