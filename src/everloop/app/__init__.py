"""The composition root: settings in, ASGI application out. The only room that knows everyone."""
