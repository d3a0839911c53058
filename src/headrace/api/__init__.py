"""What goes over the wire: nouns, requests, responses, and one table of endpoints. No behaviour."""
