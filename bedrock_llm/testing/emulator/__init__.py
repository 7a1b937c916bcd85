"""Amazon Bedrock, emulated: Converse and ConverseStream as an ASGI application, on a socket or without one."""
