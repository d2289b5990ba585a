"""The wire format of Cohere: version 2 of its chat."""
