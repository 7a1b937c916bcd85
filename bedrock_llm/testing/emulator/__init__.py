"""Amazon Bedrock, emulated: an ASGI application, on a socket or without one."""
