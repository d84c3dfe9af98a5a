"""The general search: Wing and Gong's, with Lowe's memory of configurations, in two engines."""
