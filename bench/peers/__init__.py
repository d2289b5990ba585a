"""Other gateways, to be measured beside Everloop and for nothing else: neither imported nor a dependency."""
