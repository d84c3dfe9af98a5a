"""What the clients ask: requests, and the seeded generators that choose them."""
